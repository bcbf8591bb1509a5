"""The one exception object: a dated, signed, expiring acceptance of a finding, an access or a review item."""

import uuid
from datetime import date, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Cast

from apps.accounts.models import Team
from apps.core.actor import Actor, Role
from apps.governance.states import (
    OPEN_EXCEPTIONS,
    WAITING_EXCEPTIONS,
    EndReason,
    ExceptionState,
    ReferenceKind,
    Severity,
    Vote,
)

USER = settings.AUTH_USER_MODEL


class RiskExceptionQuerySet(models.QuerySet["RiskException"]):
    """Exceptions."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else those one asked for, and for managers those of the teams they manage."""
        if actor.sees_all:
            return self
        seen = Q(asked_by_id=actor.user_id) if actor.user_id else Q(pk__in=[])
        if actor.has(Role.MANAGER) and actor.managed_team_ids:
            seen |= Q(team_id__in=actor.managed_team_ids)
        return self.filter(seen)

    def in_force(self, today: date) -> Self:
        """Return those that accept something on a day: the end date counts even where nothing has written it down."""
        return self.filter(state=ExceptionState.ACTIVE, ends_on__gte=today)

    def in_force_at(self, at: datetime) -> Self:
        """Return those that accepted something at a moment, past ones too."""
        lasted = Q(ended_at__isnull=True) | Q(ended_at__gt=at)
        return self.filter(lasted, active_at__lte=at, ends_on__gte=at.date())

    def about(self, kind: str) -> Self:
        """Return those about a kind whose keys are numbers, each annotated with its `about_number`."""
        number = Case(When(kind=kind, then=Cast("key", models.BigIntegerField())))
        return self.filter(kind=kind).annotate(about_number=number)

    def waiting(self, today: date) -> Self:
        """Return those that may still be signed."""
        return self.filter(state__in=WAITING_EXCEPTIONS, ends_on__gte=today)


class RiskException(models.Model):
    """An exception, in force through the day `ends_on` (UTC) while its compensating check is met.

    `kind` and `key` name what it is about; `covers_*` its row where that has an id, with a check the result it accepts.
    What was asked for never changes: triggers refuse it, so that a signature stands under what was read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True)
    kind = models.CharField(max_length=12, choices=ReferenceKind.choices)
    key = models.CharField(max_length=64)
    label = models.CharField(max_length=700)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    covers_check = models.CharField(max_length=8, blank=True)
    covers_kind = models.CharField(max_length=12, blank=True)
    covers_id = models.UUIDField(null=True)
    because = models.CharField(max_length=2000, help_text="Why the risk is acceptable for now")
    comp_check = models.CharField(max_length=8, help_text="The compensating check")
    comp_kind = models.CharField(max_length=10)
    comp_id = models.UUIDField(help_text="The subject of which it has to be met")
    comp_label = models.CharField(max_length=700)
    ends_on = models.DateField(help_text="The last day on which it holds")
    asked_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="exceptions")
    asked_at = models.DateTimeField()
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="+")
    needed = models.PositiveSmallIntegerField(help_text="Signatures; with two, one is the CISO's")
    state = models.CharField(max_length=7, choices=ExceptionState.choices, default=ExceptionState.ASKED)
    active_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=9, choices=EndReason.choices, blank=True)
    end_note = models.CharField(max_length=500, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    objects = RiskExceptionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=Q(state__in=OPEN_EXCEPTIONS), name="exception_one_open"
            ),
            models.CheckConstraint(condition=Q(kind__in=ReferenceKind.values), name="exception_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind=ReferenceKind.FINDING) | Q(covers_id__isnull=False) & ~Q(covers_check=""),
                name="exception_finding_covers",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExceptionState.ACTIVE) | Q(active_at__isnull=False), name="exception_active_since"
            ),
            models.CheckConstraint(
                condition=(Q(state=ExceptionState.ENDED) & Q(ended_at__isnull=False) & ~Q(end_reason=""))
                | (~Q(state=ExceptionState.ENDED) & Q(end_reason="")),
                name="exception_ends_with_reason",
            ),
            models.CheckConstraint(
                condition=~Q(severity__in=["critical", "high"]) | Q(needed=2), name="exception_serious_needs_two"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "ends_on"]),
            models.Index(
                fields=["covers_id", "covers_check"], condition=Q(state=ExceptionState.ACTIVE), name="exception_covers"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the number as people write it, for example EX-31."""
        return f"EX-{self.number}"


class ExceptionVote(models.Model):
    """A signature or a refusal. It never changes and is never deleted: triggers refuse both."""

    exception = models.ForeignKey(RiskException, on_delete=models.PROTECT, related_name="votes")
    voter = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=6, choices=Vote.choices)
    as_ciso = models.BooleanField()
    reason = models.CharField(max_length=2000, blank=True)
    strength = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["exception", "voter"], name="exception_vote_once")]

    def __str__(self) -> str:
        return f"{self.get_choice_display()} by {self.voter}"
