"""Passwords of roles that a grant made at its target, sealed until the holder has seen them once."""

from django.db import models
from django.db.models import Q

from apps.access.models.grant import Grant


class GrantPassword(models.Model):
    """The password of a grant's own role, for one generation. `sealed` is empty once it was shown or is of no use."""

    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="password")
    generation = models.PositiveIntegerField()
    sealed = models.TextField(blank=True)
    made_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(shown_at__isnull=True) | Q(sealed=""), name="grant_password_shown_once")
        ]

    def __str__(self) -> str:
        return str(self.grant_id)
