"""Results as spans of runs, and the rollups that pages read instead of counting."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from apps.core.actor import Actor
from apps.core.subjects import SUBJECTS
from apps.inventory.models import Asset
from apps.posture.models.check import CheckVersion
from apps.posture.models.run import Run
from apps.posture.states import Outcome, SubjectKindName


def subjects_visible_to(actor: Actor) -> Q:
    """Return the condition that the row's (subject_kind, subject_id) is a subject this actor may see."""
    seen = Q(pk__in=[])
    for name in SubjectKindName:
        kind = SUBJECTS.get(name)
        if kind is not None:
            seen |= Q(Exists(kind.visible(actor).filter(pk=OuterRef("subject_id"))), subject_kind=str(name))
    return seen


class ResultQuerySet(models.QuerySet["Result"]):
    """Results."""

    def at(self, run: int) -> Self:
        """Return the results that run `run` saw."""
        return self.filter(Q(to_run__isnull=True) | Q(to_run__gt=run), from_run__lte=run)

    def visible_to(self, actor: Actor) -> Self:
        """Return the results about subjects this actor may see."""
        return self if actor.sees_all else self.filter(subjects_visible_to(actor))


class Result(models.Model):
    """What a check found about a subject from run `from_run` until before run `to_run`; open where that is null."""

    check_id = models.CharField(max_length=8)
    # One statement writes a version that is held for millions of rows: the database does not check it for each of them.
    version = models.ForeignKey(
        CheckVersion, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    subject_kind = models.CharField(max_length=10)
    subject_id = models.UUIDField(default=uuid.uuid4)
    subject_label = models.CharField(max_length=700, blank=True)
    outcome = models.CharField(max_length=14, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True)
    evidence = models.JSONField(default=dict)
    from_run = models.PositiveBigIntegerField()
    to_run = models.PositiveBigIntegerField(null=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "check_id"], condition=Q(to_run__isnull=True), name="one_open_span_per_subject"
            ),
            models.CheckConstraint(
                condition=Q(to_run__isnull=True) | Q(to_run__gt=models.F("from_run")), name="span_ends_after_it_begins"
            ),
        ]
        indexes = [
            # In this order a run appends to it, check by check, and millions of spans of one run are one entry.
            models.Index(fields=["check_id", "from_run"], name="span_by_check_and_run"),
            models.Index(fields=["to_run", "check_id"], condition=Q(to_run__isnull=False), name="span_closed_by_run"),
            models.Index(fields=["subject_id"], condition=Q(to_run__isnull=False), name="span_closed_by_subject"),
            # Few among millions: what a run looks through for exceptions that have ended.
            models.Index(
                fields=["check_id"], condition=Q(outcome=Outcome.ACCEPTED, to_run__isnull=True), name="span_accepted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.subject_label}: {self.outcome}"


class RunTotal(models.Model):
    """How many results of a check had an outcome in a published run: what trends, tiles and pillars add up."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="totals")
    check_id = models.CharField(max_length=8)
    version = models.ForeignKey(CheckVersion, on_delete=models.PROTECT, related_name="+")
    pillar = models.CharField(max_length=10)
    subject_kind = models.CharField(max_length=10)
    severity = models.CharField(max_length=8)
    outcome = models.CharField(max_length=14, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True)
    n = models.PositiveIntegerField()
    tier1 = models.PositiveIntegerField(null=True, help_text="Of these, on subjects that bear on tier-1 assets")

    class Meta:
        ordering = ["check_id", "outcome"]
        constraints = [
            models.UniqueConstraint(fields=["run", "check_id", "outcome", "reason"], name="run_total_unique")
        ]

    def __str__(self) -> str:
        return f"{self.n} {self.outcome} of {self.check_id} in run {self.run_id}"


class AssetScoreQuerySet(models.QuerySet["AssetScore"]):
    """Asset scores."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the scores of assets this actor may see."""
        if actor.sees_all:
            return self
        return self.filter(Exists(Asset.objects.visible_to(actor).filter(pk=OuterRef("asset_id"))))


class AssetScore(models.Model):
    """An asset's n of N as of the last published run.

    Counted are its own results, those of its versions, and those of the identities that hold access to it, with their
    credentials.
    """

    asset = models.OneToOneField(Asset, primary_key=True, on_delete=models.CASCADE, related_name="score")
    met = models.PositiveIntegerField(default=0)
    failing = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    not_evaluated = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    open_critical = models.PositiveIntegerField(default=0)
    open_high = models.PositiveIntegerField(default=0)
    oldest_due_on = models.DateField(null=True)

    objects = AssetScoreQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.met} of {self.applicable}"

    @property
    def applicable(self) -> int:
        """Return the number of results that count: everything but not applicable."""
        return self.met + self.failing + self.accepted + self.not_evaluated
