"""Artifacts and signatures of all sources, and their staged twins."""

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from apps.core.actor import Actor
from apps.integrity.models.facts import ArtifactFacts, SignatureFacts
from apps.integrity.models.trust import TrustedKey
from apps.integrity.states import SignatureState
from apps.inventory.models import Asset
from apps.inventory.models.rows import Row
from apps.inventory.models.staging import Staged


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    """Artifacts."""

    def present(self) -> Self:
        """Return rows that their source still shows."""
        return self.filter(gone_at__isnull=True)

    def visible_to(self, actor: Actor) -> Self:
        """Return the artifacts of assets this actor may see, or of the same content."""
        if actor.sees_all:
            return self
        mine = Artifact.objects.filter(Exists(Asset.objects.visible_to(actor).filter(pk=OuterRef("asset_id"))))
        same = mine.exclude(files_digest="").filter(files_digest=OuterRef("files_digest"))
        return self.filter(Q(pk__in=mine.values("pk")) | Exists(same))


class Artifact(ArtifactFacts, Row):
    """The files of a model version, or of a signed folder. `asset` where the source says which version it is."""

    asset = models.ForeignKey(Asset, null=True, on_delete=models.SET_NULL, related_name="artifacts")

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="artifact_unique")]
        indexes = [models.Index(fields=["files_digest"])]

    def __str__(self) -> str:
        return self.name


class SignatureQuerySet(models.QuerySet["Signature"]):
    """Signatures."""

    def present(self) -> Self:
        """Return rows that their source still shows."""
        return self.filter(gone_at__isnull=True)

    def visible_to(self, actor: Actor) -> Self:
        """Return the signatures of artifacts this actor may see."""
        if actor.sees_all:
            return self
        seen = Artifact.objects.visible_to(actor)
        same = seen.exclude(files_digest="").filter(files_digest=OuterRef("files_digest"))
        return self.filter(Q(artifact__in=seen) | Exists(same))

    def unjudged(self) -> Self:
        """Return signatures whose bundle or files changed since the last verdict."""
        return self.present().exclude(judged_digest=models.F("digest"))


class Signature(SignatureFacts, Row):
    """A signature, and the verdict on it, which is made here and changes with the trusted keys too."""

    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="signatures")
    state = models.CharField(max_length=20, choices=SignatureState.choices, default=SignatureState.SIGNED_NOT_CHECKED)
    reason = models.CharField(max_length=500, blank=True)
    signer = models.CharField(max_length=300, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the key or certificate that signed")
    trusted_key = models.ForeignKey(TrustedKey, null=True, on_delete=models.SET_NULL, related_name="signatures")
    judged_at = models.DateTimeField(null=True)
    judged_digest = models.CharField(max_length=64, blank=True)

    objects = SignatureQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "source_key"], name="signature_unique")]
        indexes = [models.Index(fields=["files_digest", "state"])]

    def __str__(self) -> str:
        return f"Signature of {self.artifact_key}"


class StagedArtifact(ArtifactFacts, Staged):
    """A staged artifact."""


class StagedSignature(SignatureFacts, Staged):
    """A staged signature."""
