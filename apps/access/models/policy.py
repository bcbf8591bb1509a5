"""Policies in Cedar, in versions; a change is proposed by one administrator and confirmed by another."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

USER = settings.AUTH_USER_MODEL


class Policy(models.Model):
    """A policy by its stable id, for example `deploy-needs-second-factor`."""

    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class PolicyVersion(models.Model):
    """The whole set in force from `in_force_at`: `texts` maps each policy's slug to its Cedar text, title and reason.

    Versions are never changed; requests and decisions name theirs.
    """

    number = models.PositiveIntegerField(primary_key=True)
    texts = models.JSONField()
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    in_force_at = models.DateTimeField()
    proposed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True) | ~Q(proposed_by=F("confirmed_by")),
                name="policy_version_two_people",
            )
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class PolicyChange(models.Model):
    """A proposed new set, based on a version; its effect on past requests was shown before it was saved."""

    based_on = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="changes")
    texts = models.JSONField()
    note = models.CharField(max_length=500)
    effect = models.JSONField(default=dict, help_text="What it would have changed in the last 90 days")
    state = models.CharField(max_length=9, default="proposed", help_text="proposed, confirmed, refused, withdrawn")
    proposed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="proposed_policy_changes")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="proposed"), name="policy_change_one_open"),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")), name="policy_change_two_people"
            ),
        ]

    def __str__(self) -> str:
        return self.note[:60]
