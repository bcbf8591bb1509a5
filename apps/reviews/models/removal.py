"""Removals: how revoked access is taken away, and what was seen."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.actor import Actor
from apps.reviews.models.item import Item
from apps.reviews.states import Seen, Way

USER = settings.AUTH_USER_MODEL


class RemovalQuerySet(models.QuerySet["Removal"]):
    """Removals."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else the tasks one was given."""
        if actor.sees_all:
            return self
        return self.filter(owner_id=actor.user_id) if actor.user_id else self.none()

    def unproven(self) -> Self:
        """Return removals that are neither seen done nor given up."""
        return self.filter(ended_at__isnull=True)


class Removal(models.Model):
    """The taking away of one item's access. `owner` does it by hand where `way` is a task; `due_at` is the alarm."""

    item = models.OneToOneField(Item, primary_key=True, on_delete=models.PROTECT, related_name="removal")
    way = models.CharField(max_length=10, choices=Way.choices)
    owner = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="review_removals")
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True, help_text="When its owner said it is done; that is no proof")
    next_at = models.DateTimeField(null=True, help_text="When the reconciler has to see to it next")
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    last_problem = models.CharField(max_length=500, blank=True)
    alarmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = RemovalQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gte=F("asked_at")), name="review_removal_due_later"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="review_removal_due"),
            models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="review_removal_unproven"),
        ]

    def __str__(self) -> str:
        return self.get_way_display()


class Proof(models.Model):
    """What was done or seen at the target for a removal; never changed."""

    removal = models.ForeignKey(Removal, on_delete=models.PROTECT, related_name="proofs")
    seen = models.CharField(max_length=7, choices=Seen.choices)
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    evidence = models.JSONField(default=dict, help_text="Import, receipt or answer it rests on, secrets removed")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.get_seen_display()} ({self.at:%Y-%m-%d})"
