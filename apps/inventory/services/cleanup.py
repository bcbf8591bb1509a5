"""Removing what an ended import leaves: staged rows and kept uploads."""

from pathlib import Path
from uuid import UUID

from django.db import transaction

from apps.inventory.formats import ROW_KINDS
from apps.inventory.importing.compare import staged
from apps.inventory.models import Import, UploadedFile
from apps.inventory.states import IMPORT_MACHINE


def clean_up(import_id: UUID) -> int:
    """Delete the staged rows and the kept files of an import that ended; return how many rows and files went."""
    owner = Import.objects.filter(pk=import_id, state__in=IMPORT_MACHINE.terminal).first()
    if owner is None:
        return 0
    gone = drop_staged(owner)
    kept = UploadedFile.objects.filter(owner=owner, kept=True)
    for upload in kept:
        Path(upload.path).unlink(missing_ok=True)
        gone += 1
    kept.update(kept=False)
    Import.objects.filter(pk=import_id).update(cleaned=True)
    return gone


def drop_staged(owner: Import) -> int:
    """Delete the staged rows of an import, one short transaction a kind."""
    gone = 0
    for row_kind in ROW_KINDS:
        with transaction.atomic():
            rows = staged(row_kind, owner)
            gone += rows._raw_delete(rows.db)
    return gone


def sweep() -> int:
    """Reconciler step: clean up ended imports whose clean-up was lost with its process; return how many."""
    ended = Import.objects.filter(state__in=IMPORT_MACHINE.terminal, cleaned=False).order_by("number")
    due = list(ended.values_list("pk", flat=True)[:20])
    for pk in due:
        clean_up(pk)
    return len(due)
