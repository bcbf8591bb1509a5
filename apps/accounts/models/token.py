"""API tokens of people and service accounts."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models

from apps.accounts.models.user import User
from apps.core.actor import Actor, Role


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own tokens; for security admins and auditors also those of service accounts."""
        own = models.Q(user_id=actor.user_id) if actor.user_id else models.Q(pk__in=[])
        if actor.has(Role.SECURITY_ADMIN, Role.AUDITOR) or actor.kind == "system":
            own |= models.Q(user__kind=User.Kind.SERVICE)
        return self.filter(own)

    def usable(self, now: datetime) -> Self:
        """Return tokens that open the API at `now`: not revoked, not expired, of an active user."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=now, user__is_active=True)


class ApiToken(models.Model):
    """A scoped, expiring key to the API. Its prefix is shown; of the rest only a keyed hash is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="created_api_tokens")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="api_token_expires_after_creation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
