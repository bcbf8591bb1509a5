"""Findings: what fails, who sees to it and until when, and their timeline."""

from typing import Self

from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When

from apps.core.actor import Actor
from apps.inventory.models import Asset, Person
from apps.posture.models.result import subjects_visible_to
from apps.posture.states import OPEN_FINDING_STATES, FindingChange, FindingState, Severity

#: Worst first: the words themselves would sort critical, high, low, medium.
SEVERITY_ORDER = Case(
    *(When(severity=severity, then=Value(rank)) for rank, severity in enumerate(Severity.values)),
    default=Value(9),
    output_field=IntegerField(),
)


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings."""

    def visible_to(self, actor: Actor) -> Self:
        """Return findings about subjects this actor may see, and those assigned to the actor."""
        if actor.sees_all:
            return self
        seen = subjects_visible_to(actor)
        if actor.user_id:
            seen |= Q(owner__user_id=actor.user_id)
        return self.filter(seen)

    def unresolved(self) -> Self:
        """Return findings that are open or await proof."""
        return self.filter(state__in=OPEN_FINDING_STATES)


class Finding(models.Model):
    """A check that fails for a subject. Its identity is (check, subject), never a hash of text.

    Opened and resolved by runs only. A subject that is no longer evaluated keeps its finding: unknown is not met.
    """

    number = models.BigAutoField(primary_key=True)
    check_id = models.CharField(max_length=8)
    subject_kind = models.CharField(max_length=10)
    subject_id = models.UUIDField()
    subject_label = models.CharField(max_length=700, blank=True)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    pillar = models.CharField(max_length=10)
    state = models.CharField(max_length=14, choices=FindingState.choices, default=FindingState.OPEN)
    opened_at = models.DateTimeField()
    opened_run = models.PositiveBigIntegerField()
    due_on = models.DateField(null=True)
    fixed_at = models.DateTimeField(null=True, help_text="When someone said it is fixed; a run has to prove it")
    resolved_at = models.DateTimeField(null=True)
    reopened = models.PositiveIntegerField(default=0)
    owner = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="findings", db_index=False)
    asset = models.ForeignKey(Asset, null=True, on_delete=models.SET_NULL, related_name="findings", db_index=False)

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "check_id", "subject_kind"], name="finding_unique"),
            models.CheckConstraint(
                condition=Q(state=FindingState.RESOLVED, resolved_at__isnull=False)
                | (~Q(state=FindingState.RESOLVED) & Q(resolved_at__isnull=True)),
                name="finding_resolved_at_when_resolved",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "check_id", "severity", "due_on"]),
            # Most findings have neither, and a run opens hundreds of thousands at once.
            models.Index(fields=["owner"], condition=Q(owner__isnull=False), name="finding_owner"),
            models.Index(fields=["asset"], condition=Q(asset__isnull=False), name="finding_asset"),
            # The order of the list of findings, so that its first page is not sorted out of all of them.
            models.Index(
                SEVERITY_ORDER,
                "due_on",
                "number",
                condition=~Q(state=FindingState.RESOLVED),
                name="finding_by_urgency",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the number as people write it, for example F-2210."""
        return f"F-{self.number}"


class FindingEvent(models.Model):
    """A line of a finding's timeline. `day` of runs is their `as_of`."""

    # Events come by the thousand from the statement that reads the findings: no second look-up for each of them.
    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="events", db_constraint=False)
    at = models.DateTimeField()
    change = models.CharField(max_length=14, choices=FindingChange.choices)
    run_number = models.PositiveBigIntegerField(null=True)
    actor = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_change_display()} ({self.at:%Y-%m-%d})"
