"""Relations between assets: the graph that lineage draws."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef

from apps.core.actor import Actor
from apps.inventory.models.asset import Asset
from apps.inventory.models.facts import LinkFacts
from apps.inventory.models.rows import Row, RowQuerySet


class AssetLinkQuerySet(RowQuerySet["AssetLink"]):
    """Links."""

    def visible_to(self, actor: Actor) -> Self:
        """Return links of which the actor may see both ends."""
        if actor.sees_all:
            return self
        seen = Asset.objects.visible_to(actor)
        return self.filter(Exists(seen.filter(pk=OuterRef("left_id"))), Exists(seen.filter(pk=OuterRef("right_id"))))


class AssetLink(LinkFacts, Row):
    """The left asset goes into the right one: dataset → training job → model version → model."""

    left = models.ForeignKey(Asset, null=True, on_delete=models.CASCADE, related_name="links_right")
    right = models.ForeignKey(Asset, null=True, on_delete=models.CASCADE, related_name="links_left")

    objects = AssetLinkQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="asset_link_unique")]
