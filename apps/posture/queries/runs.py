"""Runs: the published one that pages read, progress, list and detail."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet

from apps.core.actor import Actor, Role
from apps.core.errors import NotFound
from apps.inventory.models import Import
from apps.inventory.states import ImportState
from apps.posture.models import Run, RunTask
from apps.posture.states import RunState, TaskState


def first_published_at() -> datetime | None:
    """Return when the first published run judged, None before there is one; one query."""
    return Run.objects.published().order_by("as_of").values_list("as_of", flat=True).first()


def last_published(at: datetime | None = None) -> Run | None:
    """Return the last published run, or the last one that judged at or before `at`; one query."""
    runs = Run.objects.published()
    if at is not None:
        runs = runs.filter(as_of__lte=at)
    return runs.order_by("-number").first()


def open_run() -> Run | None:
    """Return the run that is waiting or at work, if there is one; one query."""
    return Run.objects.at_work().first()


def newest_import() -> tuple[int, datetime | None]:
    """Return the number and observation time of the newest applied imports; one query."""
    found = Import.objects.filter(state=ImportState.APPLIED).aggregate(number=Max("number"), at=Max("observed_at"))
    return found["number"] or 0, found["at"]


def run_list(actor: Actor) -> QuerySet[Run]:
    """Return all runs, newest first: everyone who signs in may know when checks ran, wide roles by whom."""
    runs = Run.objects.all()
    return runs if sees_runs(actor) else runs.filter(state=RunState.PUBLISHED).defer("requested_by", "problem")


def sees_runs(actor: Actor) -> bool:
    """Return whether the actor may see who started a run and why one failed."""
    return actor.sees_all or actor.has(Role.MANAGER)


def run_detail(actor: Actor, number: int) -> Run:
    """Return a run with its tasks; two queries. Raises NotFound."""
    run = run_list(actor).prefetch_related("tasks__version").filter(pk=number).first()
    if run is None:
        raise NotFound(f"There is no run {number}.")
    return run


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: checks done of all, and the check at work."""

    run: Run
    done: int
    total: int
    errors: int
    current: str

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen."""
        return self.run.state in (RunState.PUBLISHED, RunState.CANCELLED, RunState.FAILED)

    @property
    def percent(self) -> int:
        """Return whole per cent of the checks done; 100 only when the run has ended."""
        share = 100 * self.done // self.total if self.total else 0
        return 100 if self.run.state == RunState.PUBLISHED else min(share, 99)


def progress(run: Run) -> Progress:
    """Return the progress of a run; one query."""
    tasks = list(RunTask.objects.filter(run=run).order_by("check_id"))
    waiting = [task.check_id for task in tasks if task.state == TaskState.WAITING]
    errors = sum(task.state == TaskState.ERROR for task in tasks)
    return Progress(run, len(tasks) - len(waiting), len(tasks), errors, waiting[0] if waiting else "")
