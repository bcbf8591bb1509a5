"""Artifacts by digest, signatures with their verdicts, and the keys that are trusted."""

from apps.integrity.models.rows import Artifact, Signature, StagedArtifact, StagedSignature
from apps.integrity.models.trust import TrustedKey

__all__ = ["Artifact", "Signature", "StagedArtifact", "StagedSignature", "TrustedKey"]
