"""What is kept in versions and changed by two administrators: a version in force, and a proposed change of it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

USER = settings.AUTH_USER_MODEL


class Version(models.Model):
    """A whole set in force from `in_force_at`, until the next number. Never changed."""

    number = models.PositiveIntegerField(primary_key=True)
    note = models.CharField(max_length=500, blank=True)
    in_force_at = models.DateTimeField()
    proposed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True
        ordering = ["-number"]


class Change(models.Model):
    """A proposed new set, based on a version; its effect on past requests was computed before it was saved."""

    note = models.CharField(max_length=500)
    effect = models.JSONField(default=dict, help_text="What it would have changed in the last 90 days")
    state = models.CharField(max_length=9, default="proposed", help_text="proposed, confirmed, refused, withdrawn")
    proposed_by = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        ordering = ["-proposed_at"]

    def __str__(self) -> str:
        return self.note[:60]


def version_of_two(name: str) -> models.CheckConstraint:
    """Return the constraint that who proposed a version did not confirm it."""
    return models.CheckConstraint(
        condition=Q(proposed_by__isnull=True) | ~Q(proposed_by=F("confirmed_by")), name=f"{name}_version_two_people"
    )


def change_of_two(name: str) -> list[models.BaseConstraint]:
    """Return the constraints that one change is open at a time, and that who proposed it does not confirm it."""
    return [
        models.UniqueConstraint(fields=["state"], condition=Q(state="proposed"), name=f"{name}_change_one_open"),
        models.CheckConstraint(
            condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")), name=f"{name}_change_two_people"
        ),
    ]
