"""Observed access."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef

from apps.core.actor import Actor
from apps.inventory.models.asset import Asset
from apps.inventory.models.facts import EntitlementFacts
from apps.inventory.models.identity import Identity
from apps.inventory.models.rows import Row, RowQuerySet


class EntitlementQuerySet(RowQuerySet["Entitlement"]):
    """Entitlements."""

    def visible_to(self, actor: Actor) -> Self:
        """Return entitlements of identities, or on assets, that this actor may see."""
        if actor.sees_all:
            return self
        identities = Identity.objects.visible_to(actor).filter(pk=OuterRef("identity_id"))
        assets = Asset.objects.visible_to(actor).filter(pk=OuterRef("asset_id"))
        return self.filter(Exists(identities) | Exists(assets))


class Entitlement(EntitlementFacts, Row):
    """An identity may do an operation in a scope; `asset` where the scope is a known asset."""

    identity = models.ForeignKey(Identity, on_delete=models.CASCADE, related_name="entitlements")
    asset = models.ForeignKey(Asset, null=True, on_delete=models.SET_NULL, related_name="entitlements")

    objects = EntitlementQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="entitlement_unique")]
        indexes = [
            models.Index(fields=["identity", "asset", "operation"]),
            models.Index(fields=["asset", "operation"]),
            models.Index(
                fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="entitlement_expiry"
            ),
        ]
