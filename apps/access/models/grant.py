"""Grants with their receipts: access this portal gave, for how long, and what was seen at the target."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from apps.access.models.request import AccessRequest, Asked
from apps.access.models.target import Binding
from apps.access.states import Carried, EndReason, GrantState, Presence
from apps.core.actor import Actor, Role
from apps.inventory.models import Asset

USER = settings.AUTH_USER_MODEL


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else one's own, those one was asked to approve, those on assets one owns, and for
        managers those of the people and assets of the teams they manage."""
        if actor.sees_all:
            return self
        if actor.user_id is None:
            return self.none()
        asked = Asked.objects.filter(request_id=OuterRef("request_id"), user_id=actor.user_id)
        seen = Q(holder_id=actor.user_id) | Q(asset__owner__user_id=actor.user_id) | Q(Exists(asked))
        if actor.has(Role.MANAGER) and actor.managed_team_ids:
            seen |= Q(asset__team_id__in=actor.managed_team_ids)
            seen |= Q(holder__person__team_id__in=actor.managed_team_ids)
        return self.filter(seen)


class Grant(models.Model):
    """Access for a holder, until `expires_at` (half-open: at that instant it is over), counted from activation.

    `desired` is ours, `observed` what the target last showed. `generation` fences calls to the target: a late answer
    of an older one is ignored. Exactly one of `request` and a break-glass record stands behind a grant.
    """

    number = models.BigAutoField(primary_key=True)
    request = models.OneToOneField(AccessRequest, null=True, on_delete=models.PROTECT, related_name="grant")
    holder = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="grants")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="grants")
    asset_label = models.CharField(max_length=700)
    operation = models.CharField(max_length=40)
    tier = models.PositiveSmallIntegerField()
    minutes = models.PositiveIntegerField()
    emergency = models.BooleanField(default=False)
    state = models.CharField(max_length=17, choices=GrantState.choices, default=GrantState.SCHEDULED)
    start_at = models.DateTimeField(help_text="Not before")
    activate_by = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    suspended_at = models.DateTimeField(null=True)
    suspended_because = models.CharField(max_length=300, blank=True)
    ending_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When the target was seen without the access")
    end_reason = models.CharField(max_length=13, choices=EndReason.choices, blank=True)
    end_note = models.CharField(max_length=500, blank=True)
    binding = models.ForeignKey(Binding, on_delete=models.PROTECT, related_name="grants")
    account = models.CharField(max_length=320, blank=True, help_text="The holder's account at the target")
    resource = models.CharField(max_length=300, blank=True, help_text="What the asset was called there when it began")
    desired = models.CharField(max_length=7, choices=Presence.choices, default=Presence.ABSENT)
    observed = models.CharField(max_length=7, choices=Presence.choices, default=Presence.UNKNOWN)
    observed_at = models.DateTimeField(null=True)
    baseline = models.JSONField(default=dict, help_text="Access at the target before any grant; restored at the end")
    generation = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="When the reconciler has to see to it next")
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_problem = models.CharField(max_length=500, blank=True)
    conditions = models.JSONField(default=list, help_text="What held at activation and has to go on holding")
    created_at = models.DateTimeField()
    warned_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True, help_text="When it was told that the ending is overdue")

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(request__isnull=False, emergency=False) | Q(request__isnull=True, emergency=True),
                name="grant_has_one_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state=GrantState.ENDED) | Q(observed=Presence.ABSENT), name="grant_ended_is_seen_gone"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[GrantState.ACTIVE, GrantState.SUSPENDED])
                | Q(activated_at__isnull=False, expires_at__gt=models.F("activated_at")),
                name="grant_active_has_window",
            ),
        ]
        indexes = [
            models.Index(fields=["holder", "asset", "operation", "state"]),
            models.Index(fields=["state", "expires_at"]),
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="grant_due"),
            models.Index(fields=["account", "resource"], name="grant_cover"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the number as people write it, for example G-118."""
        return f"G-{self.number}"


class Receipt(models.Model):
    """What was done or seen at the target for a grant; never changed."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="receipts")
    generation = models.PositiveIntegerField()
    carried = models.CharField(max_length=7, choices=Carried.choices)
    worked = models.BooleanField()
    observed = models.CharField(max_length=7, choices=Presence.choices, default=Presence.UNKNOWN)
    evidence = models.JSONField(default=dict, help_text="What the target answered, secrets removed")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_carried_display()} ({self.at:%Y-%m-%d})"
