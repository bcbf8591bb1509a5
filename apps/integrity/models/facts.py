"""Columns that artifact and signature rows share with their staged twins."""

from django.db import models

from apps.integrity.states import SigningMethod
from apps.inventory.models.facts import Observed

#: A bundle over some hundred thousand files; larger ones are refused when read.
BUNDLE_LIMIT = 32_000_000


class ArtifactFacts(Observed):
    """Files of a model as a registry lists them, or as they were digested here. Digests, never contents."""

    asset_key = models.CharField(max_length=700, blank=True, help_text="Source key of the version; blank for a folder")
    name = models.CharField(max_length=300)
    files = models.JSONField(default=list, help_text="Path, size and SHA-256 of each file")
    files_digest = models.CharField(max_length=64, blank=True, help_text="One SHA-256 over all paths and digests")
    file_count = models.PositiveIntegerField(default=0)
    total_size = models.PositiveBigIntegerField(default=0)

    class Meta(Observed.Meta):
        abstract = True


class SignatureFacts(Observed):
    """A signature bundle as it came, with what was measured of the files beside it: enough to judge it again."""

    artifact_key = models.CharField(max_length=700)
    files_digest = models.CharField(max_length=64, blank=True, help_text="Over the files that the signature covers")
    method = models.CharField(max_length=11, choices=SigningMethod.choices, default=SigningMethod.UNKNOWN)
    bundle = models.TextField(max_length=BUNDLE_LIMIT, blank=True)
    measured = models.JSONField(default=dict, help_text="Digests of the files, in the way the bundle was made")
    problem = models.CharField(max_length=500, blank=True, help_text="Why the bundle could not be read or measured")

    class Meta(Observed.Meta):
        abstract = True
