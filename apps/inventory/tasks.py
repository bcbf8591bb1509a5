"""Celery tasks of the inventory: an id in, one service call."""

from uuid import UUID

from celery import shared_task

from apps.core.errors import Conflict
from apps.inventory.importing.lease import LostLease
from apps.inventory.services.intake import work_on


@shared_task(name="inventory.stage_import")
def stage_import(import_id: str) -> None:
    """Read a queued import; a doubled or late task finds nothing to do."""
    _work(import_id)


@shared_task(name="inventory.apply_import")
def apply_import(import_id: str) -> None:
    """Apply a confirmed import; a doubled or late task finds nothing to do."""
    _work(import_id)


def _work(import_id: str) -> None:
    try:
        work_on(UUID(import_id))
    except (Conflict, LostLease):
        return  # somebody else is at work on it, or was
