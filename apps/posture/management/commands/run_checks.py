"""`manage.py run_checks [--check ID]... [--json] [--as-of T]`: one run, executed here, by the same rows and lease."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import DomainError
from apps.posture.models import Run
from apps.posture.services.executing import execute_run
from apps.posture.services.runs import cancel_run, fail_run, request_run
from apps.posture.states import Outcome, RunState, TaskState, Trigger

ACTOR = system("command line")


class Command(BaseCommand):
    """Run the checks and publish. Exit 0: published; 1: published, but a check failed to run; 2: nothing published."""

    help = "Run all checks, or the named ones, and publish the results."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--check", action="append", default=[], metavar="ID", help="only this check; repeatable")
        parser.add_argument("--json", action="store_true", help="print JSON (docs/run-result.schema.json)")
        parser.add_argument("--as-of", metavar="T", help="judge as of this moment (ISO 8601, UTC if no zone is given)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Request, execute and report one run."""
        run = self._requested(options["check"], _moment(options["as_of"]))
        done = self._executed(run)
        result = summary(done)
        self.stdout.write(json.dumps(result, indent=2) if options["json"] else _table(result))
        errors = [task.check_id for task in done.tasks.filter(state=TaskState.ERROR)]
        if errors:
            raise CommandError(f"{', '.join(errors)} failed to run; its subjects are not evaluated.", returncode=1)

    def _requested(self, checks: list[str], as_of: datetime | None) -> Run:
        try:
            changed = request_run(
                actor=ACTOR, trigger=Trigger.COMMAND, checks=checks, as_of=as_of, inline=True, now=clock.now()
            )
        except DomainError as refusal:
            raise CommandError(refusal.reason, returncode=2) from None
        run: Run = changed.value
        return run

    def _executed(self, run: Run) -> Run:
        try:
            done = execute_run(actor=ACTOR, number=run.pk)
        except KeyboardInterrupt:
            cancel_run(actor=ACTOR, number=run.pk, now=clock.now())
            raise CommandError(f"Run {run.pk} was cancelled.", returncode=2) from None
        except Exception as error:
            fail_run(actor=ACTOR, number=run.pk, problem=f"{type(error).__name__}: {error}", now=clock.now())
            raise CommandError(f"Run {run.pk} failed: {error}", returncode=2) from error
        if done.state != RunState.PUBLISHED:
            raise CommandError(f"Run {run.pk} was {done.get_state_display().lower()}.", returncode=2)
        return done


def _moment(given: str | None) -> datetime | None:
    """Return the instant that was given. Raises CommandError."""
    if not given:
        return None
    try:
        moment = parse_datetime(given) or datetime.fromisoformat(given)
    except ValueError:
        problem = f"{given} is not a time; give ISO 8601, for example 2026-11-20T06:00Z."
        raise CommandError(problem, returncode=2) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def summary(run: Run) -> dict[str, Any]:
    """Return a published run as docs/run-result.schema.json describes it."""
    checks = [
        {
            "id": task.check_id,
            "version": task.version.number,
            **{str(outcome): getattr(task, outcome) for outcome in Outcome.values},
        }
        for task in run.tasks.select_related("version").order_by("check_id")
    ]
    return {"run": run.pk, "as_of": run.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z"), "checks": checks}


def _table(result: dict[str, Any]) -> str:
    columns = ("id", "version", *Outcome.values)
    lines = [f"Run {result['run']}, as of {result['as_of']}", "  ".join(f"{name:>14}" for name in columns)]
    lines += ["  ".join(f"{check[name]:>14}" for name in columns) for check in result["checks"]]
    return "\n".join(lines)
