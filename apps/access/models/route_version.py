"""Routes in versions; a change is proposed by one administrator and confirmed by another, as policies are."""

from collections.abc import Mapping
from typing import TypedDict

from django.conf import settings
from django.db import models
from django.db.models import F, Q

USER = settings.AUTH_USER_MODEL


class Stage(TypedDict):
    """A stage as versions keep it: the fields of `RouteStage`."""

    rule: str
    need: int
    answer_minutes: int
    remind_minutes: int
    escalate_to: str
    fallback: str


class Route(TypedDict):
    """The route of a tier: how many hours a request waits altogether, and its stages in their order."""

    hours: int
    stages: list[Stage]


Tiers = Mapping[str, Route]


class RouteVersion(models.Model):
    """The routes of all tiers in force from `in_force_at`: `tiers` maps the number of a tier to its stages and the
    hours a request waits. The stages are kept as `RouteStage` too, which plans read.

    Versions are never changed.
    """

    number = models.PositiveIntegerField(primary_key=True)
    tiers = models.JSONField()
    note = models.CharField(max_length=500, blank=True)
    in_force_at = models.DateTimeField()
    proposed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True) | ~Q(proposed_by=F("confirmed_by")),
                name="route_version_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"Routes, version {self.number}"


class RouteChange(models.Model):
    """Proposed routes, based on a version; their effect on past requests was computed before they were saved."""

    based_on = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="changes")
    tiers = models.JSONField()
    note = models.CharField(max_length=500)
    effect = models.JSONField(default=dict, help_text="What it would have changed in the last 90 days")
    state = models.CharField(max_length=9, default="proposed", help_text="proposed, confirmed, refused, withdrawn")
    proposed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="proposed_route_changes")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="proposed"), name="route_change_one_open"),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")), name="route_change_two_people"
            ),
        ]

    def __str__(self) -> str:
        return self.note[:60]
