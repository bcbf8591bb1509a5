"""AI assets, what each source observes of them, and who is said to own them."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from apps.accounts.models import Team
from apps.core.actor import Actor
from apps.core.facts import FactField
from apps.inventory.models.facts import AssetFacts, OwnerClaimFacts
from apps.inventory.models.person import Person
from apps.inventory.models.rows import M, Row, RowQuerySet
from apps.inventory.states import AssetKind


class AssetQuerySet(models.QuerySet["Asset"]):
    """Assets."""

    def present(self) -> Self:
        """Return assets that some source still shows."""
        return self.filter(gone_at__isnull=True)

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else own assets, those of own teams, and those granted per object."""
        if actor.sees_all:
            return self
        mine = Q(team_id__in=actor.team_ids | actor.managed_team_ids)
        if actor.user_id:
            mine |= Q(owner__user_id=actor.user_id)
            granted = AssetUserPermission.objects.filter(user_id=actor.user_id, content_object_id=OuterRef("pk"))
            return self.filter(mine | Q(Exists(granted.filter(permission__codename="view_asset"))))
        return self.filter(mine)


class Asset(models.Model):
    """An AI thing governed. Columns are resolved from its observations after each import: for safety facts the worst
    known value, for others the newest; unknown never beats known."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=16, choices=AssetKind.choices)
    slug = models.SlugField(max_length=320, allow_unicode=False)
    name = models.CharField(max_length=300)
    version = models.CharField(max_length=100, blank=True)
    version_number = models.PositiveBigIntegerField(null=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="versions")
    stage = models.CharField(max_length=60, blank=True)
    aliases = models.JSONField(default=list)
    description = models.TextField(blank=True)
    environment = models.CharField(max_length=60, blank=True)
    classification = models.CharField(max_length=60, blank=True)
    tier = models.PositiveSmallIntegerField(null=True, help_text="1 to 3; confirmed here, else the strictest claim")
    tier_confirmed = models.BooleanField(default=False)
    business_unit = models.CharField(max_length=200, blank=True)
    serialisation = models.CharField(max_length=60, blank=True)
    runs_code = FactField()
    location = models.CharField(max_length=2000, blank=True)
    content_digest = models.CharField(max_length=128, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    created_on_source_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="assets")
    owner_confirmed_at = models.DateTimeField(null=True)
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="assets")
    disagreements = models.JSONField(default=dict, help_text="Column → the values sources disagree about")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    objects = AssetQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["kind", "slug"], name="asset_slug_unique")]
        indexes = [models.Index(fields=["kind", "tier"]), models.Index(fields=["parent", "version_number"])]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class AssetUserPermission(UserObjectPermissionBase):
    """django-guardian: what a user is granted on one asset."""

    content_object = models.ForeignKey(Asset, on_delete=models.CASCADE)


class AssetGroupPermission(GroupObjectPermissionBase):
    """django-guardian: what a group is granted on one asset."""

    content_object = models.ForeignKey(Asset, on_delete=models.CASCADE)


class OfAssetQuerySet(RowQuerySet[M]):
    """Rows that hang on an asset."""

    def visible_to(self, actor: Actor) -> Self:
        """Return those of the assets this actor may see."""
        if actor.sees_all:
            return self
        return self.filter(Exists(Asset.objects.visible_to(actor).filter(pk=OuterRef("asset_id"))))


class AssetObservation(AssetFacts, Row):
    """An asset as one source shows it."""

    asset = models.ForeignKey(Asset, null=True, on_delete=models.SET_NULL, related_name="observations")

    objects = OfAssetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="asset_observation_unique")]


class OwnerClaim(OwnerClaimFacts, Row):
    """What a source says about the owner of an asset; it confers nothing until confirmed."""

    asset = models.ForeignKey(Asset, null=True, on_delete=models.CASCADE, related_name="owner_claims")
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="owner_claims")

    objects = OfAssetQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="owner_claim_unique")]
