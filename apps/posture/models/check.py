"""Versions of checks: which parameters and which code judged."""

from django.db import models
from django.db.models import Q


class CheckVersion(models.Model):
    """Parameters and code version a check judges with. A change of either is a new version, which trends mark."""

    check_id = models.CharField(max_length=8)
    number = models.PositiveIntegerField()
    params = models.JSONField(default=dict)
    code_version = models.PositiveIntegerField()
    note = models.CharField(max_length=500, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    created_by_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["check_id", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["check_id", "number"], name="check_version_unique"),
            models.UniqueConstraint(fields=["check_id"], condition=Q(active=True), name="one_active_version_per_check"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} version {self.number}"
