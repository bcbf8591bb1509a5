"""Keys that sign access tokens for grants."""

from django.db import models
from django.db.models import Q


class SigningKey(models.Model):
    """A P-256 key pair. The private half is sealed and forgotten when the key retires; the public half stays published
    until no token it signed can be alive."""

    kid = models.CharField(max_length=64, unique=True)
    public = models.JSONField()
    sealed_private = models.TextField(blank=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(sealed_private=""), name="signing_key_retired_forgets"
            )
        ]

    def __str__(self) -> str:
        return self.kid
