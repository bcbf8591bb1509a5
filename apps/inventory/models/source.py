"""Sources, imports of them, and what was rejected."""

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from apps.core.actor import Actor
from apps.inventory.states import ImportState


class SourceQuerySet(models.QuerySet["Source"]):
    """Sources."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles, nothing for others: an export tells of everyone."""
        return self if actor.sees_all else self.none()

    def read(self) -> Self:
        """Those an import of was ever applied: a try or a refusal alone makes no source of anything."""
        return self.filter(observed_at__isnull=False)


class ImportQuerySet(models.QuerySet["Import"]):
    """Imports."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles, nothing for others."""
        return self if actor.sees_all else self.none()


class RejectedQuerySet(models.QuerySet["RejectedRecord"]):
    """Rejected records."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles, nothing for others."""
        return self if actor.sees_all else self.none()


class Source(models.Model):
    """A tool and tenant whose exports are imported, for example one AWS account or one MLflow server."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=64)
    observed_at = models.DateTimeField(null=True, blank=True, help_text="When its newest applied import was collected")
    main_records = models.PositiveIntegerField(default=0, help_text="Main records of its last complete import")
    brings_ai_entitlements = models.BooleanField(default=False)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = SourceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="source_name_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Import(models.Model):
    """One import of one source: parsed and staged invisibly, then applied in one step."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="imports")
    format = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.QUEUED)
    observed_at = models.DateTimeField()
    accept_shrink = models.BooleanField(default=False)
    apply_at_once = models.BooleanField(default=False, help_text="Applied without a preview, as on the command line")
    options = models.JSONField(default=dict, help_text="Format options such as the column mapping")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 over the digests of its files")
    complete = models.BooleanField(default=True)
    covered = models.JSONField(default=dict, help_text="Record kind → complete, unknown_columns; known once it is read")
    staged = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    by_kind = models.JSONField(default=dict)
    rejected_count = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    requested_by = models.CharField(max_length=200, blank=True)
    requested_by_id = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=200, blank=True, help_text="host:process at work on it")
    attempts = models.PositiveSmallIntegerField(default=0)
    cleaned = models.BooleanField(default=False, help_text="Its staged rows and kept files are gone")

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=[ImportState.STAGING, ImportState.APPLYING]),
                name="one_import_at_work_per_source",
            )
        ]
        indexes = [models.Index(fields=["source", "state"])]

    def __str__(self) -> str:
        return f"Import {self.number}"


class UploadedFile(models.Model):
    """A file of an import, kept in the upload folder until the import ended."""

    owner = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=1024)
    path = models.CharField(max_length=2048)
    size = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    kept = models.BooleanField(default=False, help_text="Copied into the upload folder, to be deleted after the import")


class RejectedRecord(models.Model):
    """A record that was not taken, and why. The rest of its file was."""

    owner = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="rejected")
    file = models.CharField(max_length=1024)
    where = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    kind = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=700, blank=True, help_text="The row it would have been; that row is not gone")

    objects = RejectedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]


class Coverage(models.Model):
    """Per source and record kind: when it was last imported and whether all its pages were there."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="coverage")
    record_kind = models.CharField(max_length=40)
    observed_at = models.DateTimeField()
    complete = models.BooleanField()
    last_import = models.ForeignKey(Import, on_delete=models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "record_kind"], name="coverage_unique")]
