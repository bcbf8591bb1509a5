"""Runs: one judgement of the inventory at one moment, and one task per check."""

from typing import Self

from django.db import models
from django.db.models import Q

from apps.posture.models.check import CheckVersion
from apps.posture.states import OPEN_RUN_STATES, RunState, TaskState, Trigger


class RunQuerySet(models.QuerySet["Run"]):
    """Runs."""

    def published(self) -> Self:
        """Return runs whose results are visible."""
        return self.filter(state=RunState.PUBLISHED)

    def at_work(self) -> Self:
        """Return the run that is not ended; there is at most one."""
        return self.filter(state__in=OPEN_RUN_STATES)


class Run(models.Model):
    """A run. `as_of` is the time it judges at; results are invisible until it is published.

    The worker that holds the run writes its name into `claimed_by` and renews `claimed_until`; `attempts` counts claims
    since the last finished check. `inventory_mark` is the newest applied import it saw.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    as_of = models.DateTimeField()
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    trigger = models.CharField(max_length=9, choices=Trigger.choices)
    slot = models.DateTimeField(null=True, unique=True, help_text="The due time of a scheduled run")
    subject_kind = models.CharField(max_length=10, blank=True)
    subject_id = models.UUIDField(null=True, help_text="The one subject of a re-check")
    requested_by = models.CharField(max_length=200, blank=True)
    requested_by_id = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=200, blank=True)
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(max_length=200, blank=True)
    problem = models.CharField(max_length=500, blank=True)
    inventory_mark = models.PositiveBigIntegerField(default=0)
    written = models.PositiveIntegerField(default=0, help_text="Spans that it closed or opened")
    opened = models.PositiveIntegerField(default=0)
    reopened = models.PositiveIntegerField(default=0)
    resolved = models.PositiveIntegerField(default=0)
    open_findings = models.JSONField(default=dict, help_text="Severity → [past due, open] when it was published")

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(state__in=OPEN_RUN_STATES), name="one_run_at_a_time"),
        ]
        indexes = [models.Index(fields=["state", "number"]), models.Index(fields=["as_of"])]

    def __str__(self) -> str:
        return f"Run {self.number}"

    @property
    def partial(self) -> bool:
        """Return whether the run is about one subject only."""
        return self.subject_id is not None

    @property
    def judges(self) -> bool:
        """Return whether the run evaluates checks; else it only takes up exceptions that began or ended."""
        return self.trigger != Trigger.EXCEPTION


class RunTask(models.Model):
    """One check of a run, with what it counted."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tasks")
    check_id = models.CharField(max_length=8)
    version = models.ForeignKey(CheckVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=TaskState.choices, default=TaskState.WAITING)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    met = models.PositiveIntegerField(default=0)
    failing = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0, help_text="Failing, and covered by an exception at publication")
    not_evaluated = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    by_reason = models.JSONField(default=list, help_text="Counts as [outcome, reason, n]")
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["check_id"]
        constraints = [models.UniqueConstraint(fields=["run", "check_id"], name="run_task_unique")]

    def __str__(self) -> str:
        return f"{self.check_id} of run {self.run_id}"
