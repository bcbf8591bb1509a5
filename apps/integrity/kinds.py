"""The row kinds of integrity: how artifacts and signatures are staged and applied."""

from apps.integrity.models import Artifact, Signature, StagedArtifact, StagedSignature
from apps.integrity.models.facts import ArtifactFacts, SignatureFacts
from apps.inventory.formats import ROW_KINDS, RowKind, fact_columns
from apps.inventory.models.facts import Observed
from apps.inventory.records import ARTIFACT, SIGNATURE


def register() -> None:
    """Register both kinds, the artifact before the signature that hangs on it; called once from `ready()`."""
    artifact = RowKind(ARTIFACT, StagedArtifact, Artifact, fact_columns(ArtifactFacts, Observed), "Artifacts")
    signature = RowKind(
        SIGNATURE,
        StagedSignature,
        Signature,
        fact_columns(SignatureFacts, Observed),
        "Signatures",
        parent=("artifact", "artifact_key", ARTIFACT),
    )
    ROW_KINDS.register(ARTIFACT, artifact)
    ROW_KINDS.register(SIGNATURE, signature)
