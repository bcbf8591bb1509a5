"""Saved scopes: what is reviewed, by whom and how often."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.actor import Actor
from apps.reviews.states import Default, Frequency

USER = settings.AUTH_USER_MODEL


class Terms(models.Model):
    """What a saved scope and each of its campaigns have in common.

    `scope` maps `assets`, `kinds`, `tiers`, `teams`, `subjects` to lists (an absent or empty one narrows nothing) and
    `privileged_only`, `non_human_only`, `guests_only`, `governance` to true. `stages` is a list of {"reviewer": rule,
    "group": user ids, "fallback": role, "days": number}, the first asked first; see `rules.terms`.
    """

    name = models.CharField(max_length=200)
    scope = models.JSONField(default=dict)
    stages = models.JSONField(default=list)
    default_choice = models.CharField(
        max_length=8, choices=Default.choices, default=Default.REVOKE, help_text="Recorded for unanswered items"
    )
    grace_days = models.PositiveSmallIntegerField(default=3, help_text="From escalation to the default")
    removal_days = models.PositiveSmallIntegerField(default=7, help_text="From sealing to the alarm")

    class Meta:
        abstract = True


class SeriesQuerySet(models.QuerySet["Series"]):
    """Saved scopes."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles, nothing for others: a scope tells of everyone."""
        return self if actor.sees_all else self.none()


class Series(Terms):
    """A saved scope, reviewed once or again and again; `next_on` is the day its next campaign opens by itself."""

    frequency = models.CharField(max_length=11, choices=Frequency.choices, default=Frequency.ONCE)
    next_on = models.DateField(null=True)
    created_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="review_series")
    created_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why its last campaign could not open")

    objects = SeriesQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "series"
        constraints = [
            models.CheckConstraint(condition=~Q(frequency=Frequency.ONCE) | Q(next_on=None), name="series_once_only"),
            models.CheckConstraint(condition=Q(default_choice__in=Default.values), name="series_default_is_a_choice"),
        ]
        indexes = [models.Index(fields=["next_on"], condition=Q(next_on__isnull=False), name="series_due")]

    def __str__(self) -> str:
        return self.name
