"""Campaigns: one round of certifying a scope, from its preview to the proof of every removal."""

from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from apps.access.models import Delegation, PolicyVersion
from apps.core.actor import Actor
from apps.reviews.models.series import Series, Terms
from apps.reviews.states import AFTER_SEALING, CampaignState, Default, Trigger

USER = settings.AUTH_USER_MODEL


def stands_in_for(user_id: UUID) -> QuerySet[Delegation, Any]:
    """Return the ids of the users for whom this one decides now; no chains."""
    given = Delegation.objects.filter(delegate_id=user_id, ended_at__isnull=True, from_at__lte=Now())
    return given.filter(until_at__gt=Now()).values("delegator_id")


class CampaignQuerySet(models.QuerySet["Campaign"]):
    """Campaigns."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else the opened ones in which one is, was or stands in for a reviewer, or removes."""
        if actor.sees_all:
            return self
        if actor.user_id is None:
            return self.none()
        seats = Seat.objects.visible_to(actor).filter(campaign_id=OuterRef("pk"))
        removes = Q(pk__in=Campaign.objects.filter(items__removal__owner=actor.user_id).values("pk"))
        return self.filter(Q(Exists(seats)) | removes, opened_at__isnull=False)

    def running(self) -> Self:
        """Return campaigns that take decisions."""
        return self.filter(state=CampaignState.ACTIVE)


class Campaign(Terms):
    """A campaign with the terms it was staged under.

    `stage` is the open one (1-based; 0 before it opens). `snapshot_hash` is the SHA-256 over the digests of its items
    in order (`queries.digests`): what was previewed is what was opened, and what an auditor recomputes offline.
    """

    number = models.BigAutoField(primary_key=True)
    series = models.ForeignKey(Series, null=True, on_delete=models.PROTECT, related_name="campaigns")
    trigger = models.CharField(max_length=8, choices=Trigger.choices, default=Trigger.SCOPE)
    trigger_key = models.CharField(max_length=120, blank=True, help_text="Kind and id of the one item of an event")
    state = models.CharField(max_length=11, choices=CampaignState.choices, default=CampaignState.DRAFT)
    stage = models.PositiveSmallIntegerField(default=0)
    items_count = models.PositiveIntegerField(default=0)
    snapshot_hash = models.CharField(max_length=64, blank=True)
    policy_version = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="review_campaigns")
    created_at = models.DateTimeField()
    staged_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When the open stage is due")
    escalated_at = models.DateTimeField(null=True, help_text="When what was not answered by then was put to others")
    suspended_at = models.DateTimeField(null=True, help_text="When what nobody answered was suspended")
    seal_at = models.DateTimeField(null=True, help_text="After escalation: when the default is recorded")
    sealed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    done_at_due = models.PositiveIntegerField(null=True, help_text="Answered by people when the last stage fell due")

    objects = CampaignQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(state__in=[CampaignState.DRAFT, CampaignState.STAGED, CampaignState.ACTIVE]),
                name="campaign_one_open_per_series",
            ),
            models.UniqueConstraint(
                fields=["trigger_key"],
                condition=~Q(trigger_key="")
                & Q(state__in=[CampaignState.DRAFT, CampaignState.STAGED, CampaignState.ACTIVE]),
                name="campaign_one_open_per_event",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[*AFTER_SEALING, CampaignState.CLOSED]) | Q(sealed_at__isnull=False),
                name="campaign_sealed_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=CampaignState.ACTIVE)
                | (Q(due_at__isnull=False, stage__gte=1) & ~Q(snapshot_hash="")),
                name="campaign_active_was_staged",
            ),
            models.CheckConstraint(condition=Q(default_choice__in=Default.values), name="campaign_default_is_a_choice"),
        ]
        indexes = [models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def code(self) -> str:
        """Return the number as people write it, for example CR-12."""
        return f"CR-{self.number}"

    @property
    def last_stage(self) -> int:
        """Return the number of the stage whose answers count."""
        return len(self.stages)


class SeatQuerySet(models.QuerySet["Seat"]):
    """Seats."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else one's own and those of whom one stands in for."""
        if actor.sees_all:
            return self
        if actor.user_id is None:
            return self.none()
        return self.filter(Q(reviewer_id=actor.user_id) | Q(reviewer_id__in=stands_in_for(actor.user_id)))


class Seat(models.Model):
    """A reviewer's sheet in a stage of a campaign: since when, and when it was signed."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="seats")
    stage = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="review_seats")
    since = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")

    objects = SeatQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["campaign", "stage", "reviewer"], name="review_seat_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.stage}: {self.reviewer_id}"
