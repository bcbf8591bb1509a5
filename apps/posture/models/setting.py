"""What an admin may set about runs and goals."""

from django.db import models
from django.db.models import Q

from apps.posture.states import Pillar, Severity


class Schedule(models.Model):
    """When runs are due. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    interval_hours = models.PositiveSmallIntegerField(default=6)
    next_due_at = models.DateTimeField(null=True)
    paused = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_schedule"),
            models.CheckConstraint(condition=Q(interval_hours__gte=1, interval_hours__lte=168), name="schedule_bounds"),
        ]

    def __str__(self) -> str:
        return f"every {self.interval_hours} hours"


class PillarTarget(models.Model):
    """The share of results that should be met in a pillar, in per cent; the empty pillar is the whole."""

    pillar = models.CharField(max_length=10, primary_key=True, choices=[("", "All"), *Pillar.choices])
    percent = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(percent__lte=100), name="target_bounds")]

    def __str__(self) -> str:
        return f"{self.pillar or 'all'}: {self.percent} %"


class SeverityDue(models.Model):
    """Days from opening to the due date of a finding; null is no due date."""

    severity = models.CharField(max_length=8, primary_key=True, choices=Severity.choices)
    days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__gte=1, days__lte=730), name="due_days_bounds"
            )
        ]

    def __str__(self) -> str:
        return f"{self.severity}: {self.days or 'no due date'}"
