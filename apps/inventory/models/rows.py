"""What an applied row has beside its facts: source, import, times, and whether it is gone."""

from typing import Self, TypeVar

from django.db import models

from apps.inventory.models.source import Import, Source

M = TypeVar("M", bound=models.Model)


class RowQuerySet(models.QuerySet[M]):
    """Rows of sources."""

    def present(self) -> Self:
        """Return rows that their source still shows."""
        return self.filter(gone_at__isnull=True)


class Row(models.Model):
    """An applied row. `observed_at` is when its facts were last written; see Coverage for when it was last seen.

    Its id follows from source, kind and key (`importing.encode.row_id`). Source and import are written by one set-based
    statement for all rows, under a lock on the source, so the database does not check them again for each row; the
    unique key on (source, source key) serves as the index.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    last_import = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    observed_at = models.DateTimeField()
    first_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
