"""Runs: the list, one run with its progress, starting and cancelling."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRefresh

from apps.core.actor import Role
from apps.core.ui.lists import Job, Step
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView
from apps.posture import rules
from apps.posture.models import Run
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import open_run, progress, run_detail, run_list
from apps.posture.queries.settings import schedule
from apps.posture.services.runs import cancel_run, request_run
from apps.posture.spec import CHECKS
from apps.posture.states import OPEN_RUN_STATES, Outcome, RunState, TaskState

WIDE = (Role.CISO, Role.SECURITY_ADMIN, Role.AUDITOR)
JOB_STATES = {
    RunState.QUEUED: "waiting",
    RunState.RUNNING: "running",
    RunState.PUBLISHING: "running",
    RunState.PUBLISHED: "done",
    RunState.CANCELLED: "cancelled",
    RunState.FAILED: "failed",
}
STEP_STATES = {TaskState.WAITING: "waiting", TaskState.DONE: "done", TaskState.ERROR: "failed"}
COUNTED = tuple(str(outcome) for outcome in Outcome)


class RunListView(TableView):
    """`/setup/runs`, newest first."""

    roles = WIDE
    template_name = "posture/run_list.html"
    filename = "runs"
    columns = [
        Column("number", "Run", lambda r: r.number),
        Column("as_of", "As of", lambda r: r.as_of),
        Column("state", "State", lambda r: r.state),
        Column("trigger", "Started by", lambda r: r.get_trigger_display()),
        Column("requested_by", "Who", lambda r: r.requested_by),
        Column("started_at", "Started", lambda r: r.started_at),
        Column("finished_at", "Finished", lambda r: r.finished_at),
        Column("opened", "Findings opened", lambda r: r.opened),
        Column("reopened", "Opened again", lambda r: r.reopened),
        Column("resolved", "Resolved", lambda r: r.resolved),
        Column("problem", "Problem", lambda r: r.problem),
    ]

    def rows(self) -> QuerySet[Run]:
        """Return all runs."""
        return run_list(self.actor)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the schedule and whether a run may be started."""
        at_work = open_run()
        may = rules.can_run(self.actor)
        reason = may.reason if not may else f"Run {at_work.pk} is in progress." if at_work else ""
        return {"schedule": schedule(), "start_refused": reason, "may_tune": rules.can_tune(self.actor)}


class RunView(ActorView):
    """`/setup/runs/<n>`: progress while it is at work, what each check counted, and errors."""

    roles = WIDE

    def get(self, request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        """Answer the page; a polling page reloads as a whole once the run has ended."""
        run = run_detail(self.actor, number)
        at_work = run.state in OPEN_RUN_STATES
        if request.htmx and not at_work:  # type: ignore[attr-defined]
            return HttpResponseClientRefresh()
        tasks = [_task(task, run) for task in run.tasks.all()]
        context = {
            "run": run,
            "at_work": at_work,
            "job": run_job(run, bool(rules.can_cancel(self.actor, run)))
            if at_work or run.state != RunState.PUBLISHED
            else None,
            "tasks": tasks,
            "totals": {name: sum(getattr(entry["task"], name) for entry in tasks) for name in COUNTED},
        }
        return render(request, "posture/run_detail.html", context)


def _task(task: Any, run: Run) -> dict[str, Any]:
    told = run.state == RunState.PUBLISHED
    urls = {name: results_url(check=task.check_id, outcome=name, run=run.pk) if told else "" for name in COUNTED}
    spec = CHECKS.get(task.check_id)
    return {"task": task, "title": spec.title if spec else "", "known": spec is not None, "urls": urls}


def run_job(run: Run, may_cancel: bool) -> Job:
    """Return the run as a job with real counts."""
    told = progress(run)
    steps = tuple(
        Step(
            f"{task.check_id} {CHECKS[task.check_id].title if task.check_id in CHECKS else ''}",
            _step(task, told.current),
            task.error,
        )
        for task in run.tasks.all()
    )
    at_work = run.state in OPEN_RUN_STATES
    message = "Cancelling: it stops before the next check." if run.cancel_requested_at and at_work else run.problem
    return Job(
        title=f"Run {run.pk}",
        state=JOB_STATES[RunState(run.state)],
        done=told.done,
        total=told.total,
        noun="checks",
        message=message,
        steps=steps,
        poll_url=reverse("posture:run", args=[run.pk]) if at_work else "",
        cancel_url=reverse("posture:run_cancel", args=[run.pk])
        if at_work and may_cancel and not run.cancel_requested_at
        else "",
    )


def _step(task: Any, current: str) -> str:
    return (
        "running"
        if task.check_id == current and task.state == TaskState.WAITING
        else STEP_STATES[TaskState(task.state)]
    )


class RunStartView(ActorView):
    """POST: start a run of all checks."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Queue it and go to its page."""
        changed = request_run(actor=self.actor)
        return redirect("posture:run", number=changed.value.pk)


class RunCancelView(ActorView):
    """POST: cancel a run."""

    roles = (Role.SECURITY_ADMIN,)
    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: int, **kwargs: Any) -> HttpResponse:
        """Ask it to stop and return to its page."""
        cancel_run(actor=self.actor, number=number)
        return redirect("posture:run", number=number)
