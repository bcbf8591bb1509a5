"""A connection to an outside system."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from apps.connectors.states import Health
from apps.core.actor import Actor, Role


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Connections."""

    def visible_to(self, actor: Actor) -> Self:
        """Security admins, auditors and the system; the others see a connection's name where it is used."""
        return self if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.AUDITOR) else self.none()

    def callable_at(self, now: datetime) -> Self:
        """Return the connections that are switched on, have what they need and are not paused after failures."""
        paused = Q(opened_until__gt=now)
        return self.filter(Q(enabled=True) & ~paused & (Q(needs_secret=False) | ~Q(sealed="")))

    def due(self, now: datetime) -> Self:
        """Return the callable connections whose health is to be looked at again."""
        return self.callable_at(now).filter(next_check_at__lte=now)


class Connection(models.Model):
    """Where an outside system is and how the portal signs in there.

    `settings` holds the driver's declared fields only; `sealed` is the secret, encrypted and bound to this row and to
    the address, and leaves this app only through `services.http_client` and `services.postgresql`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    driver = models.CharField(max_length=30)
    settings = models.JSONField(default=dict)
    sealed = models.TextField(blank=True)
    needs_secret = models.BooleanField(default=True)
    secret_set_at = models.DateTimeField(null=True)
    enabled = models.BooleanField(default=True)
    state = models.CharField(max_length=7, choices=Health.choices, default=Health.UNKNOWN)
    last_ok_at = models.DateTimeField(null=True)
    last_failed_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="failures since the last success")
    opened_until = models.DateTimeField(null=True, help_text="paused after failures until then")
    next_check_at = models.DateTimeField(null=True)
    generation = models.PositiveIntegerField(
        default=1, help_text="counts changes; a change from an older one is refused"
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="connection_name_once"),
            models.CheckConstraint(
                condition=Q(sealed="", secret_set_at__isnull=True) | (~Q(sealed="") & Q(secret_set_at__isnull=False)),
                name="connection_secret_has_a_time",
            ),
            models.CheckConstraint(condition=Q(needs_secret=True) | Q(sealed=""), name="connection_secret_is_needed"),
            models.CheckConstraint(condition=Q(changed_at__gte=F("created_at")), name="connection_times_in_order"),
        ]
        indexes = [models.Index(fields=["next_check_at"], condition=Q(enabled=True), name="connection_due")]

    def __str__(self) -> str:
        return self.name

    @property
    def has_secret(self) -> bool:
        """Return whether a secret is stored."""
        return bool(self.sealed)
