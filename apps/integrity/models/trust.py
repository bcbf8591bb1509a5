"""Keys and certificates whose signatures count."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.core.actor import Actor
from apps.integrity.states import KeyKind


class TrustedKeyQuerySet(models.QuerySet["TrustedKey"]):
    """Trusted keys."""

    def in_force(self) -> Self:
        """Return the keys that are not retired."""
        return self.filter(retired_at__isnull=True)

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles, none for others: a version's page names its signer."""
        return self if actor.sees_all else self.none()


class TrustedKey(models.Model):
    """A public key or root certificate that a security admin trusts to sign models. Never a private key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=11, choices=KeyKind.choices)
    pem = models.TextField()
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the key's PEM, or of the certificate")
    subject = models.CharField(max_length=300, blank=True)
    algorithm = models.CharField(max_length=60, blank=True)
    not_after = models.DateTimeField(null=True)
    is_sample = models.BooleanField(default=False)
    added_by = models.CharField(max_length=200)
    added_by_id = models.CharField(max_length=64, blank=True)
    added_at = models.DateTimeField()
    retired_by = models.CharField(max_length=200, blank=True)
    retired_at = models.DateTimeField(null=True)

    objects = TrustedKeyQuerySet.as_manager()

    class Meta:
        ordering = ["name", "added_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"], condition=Q(retired_at__isnull=True), name="trusted_key_once"
            ),
            models.UniqueConstraint(Lower("name"), condition=Q(retired_at__isnull=True), name="trusted_key_name_once"),
        ]

    def __str__(self) -> str:
        return self.name
