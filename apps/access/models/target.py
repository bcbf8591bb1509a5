"""Bindings: which connection carries an operation on an asset, and how; and access found there that nobody granted."""

from django.db import models
from django.db.models import Q

from apps.connectors.models import Connection
from apps.inventory.models import Asset


class Binding(models.Model):
    """How operations on an asset are carried: a provisioner, its connection, and what the operation means there.

    Without `asset` it is the default for assets of `asset_kind` (empty: for all). `level` is the provisioner's own
    word for each operation, for example {"weights.read": "READ", "train.run": "EDIT"}.
    """

    provisioner = models.CharField(max_length=20)
    connection = models.ForeignKey(Connection, null=True, on_delete=models.PROTECT, related_name="bindings")
    asset = models.ForeignKey(Asset, null=True, on_delete=models.PROTECT, related_name="bindings")
    asset_kind = models.CharField(max_length=16, blank=True)
    levels = models.JSONField(default=dict)
    settings = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    scan_at = models.DateTimeField(null=True, help_text="When it is looked for access that no grant explains")
    scan_problem = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset"], condition=Q(asset__isnull=False, enabled=True), name="binding_one_per_asset"
            ),
            models.UniqueConstraint(
                fields=["asset_kind"], condition=Q(asset__isnull=True, enabled=True), name="binding_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.provisioner


class Orphan(models.Model):
    """Access at a target that carries our mark and belongs to no live grant."""

    binding = models.ForeignKey(Binding, on_delete=models.PROTECT, related_name="orphans")
    account = models.CharField(max_length=320)
    resource = models.CharField(max_length=700)
    level = models.CharField(max_length=100)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["binding", "account", "resource", "level"],
                condition=Q(gone_at__isnull=True),
                name="orphan_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.level} on {self.resource}"
