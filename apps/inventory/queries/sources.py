"""Sources, their imports and what was rejected. For wide roles: an export names everyone."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

from apps.core.actor import Actor
from apps.core.errors import Forbidden, NotFound
from apps.inventory.models import Import, RejectedRecord, Source
from apps.inventory.states import ImportState

STALE_AFTER = timedelta(days=7)


def _require_wide(actor: Actor) -> None:
    if not actor.sees_all:
        raise Forbidden("Sources are shown to CISO, security administrators and auditors.")


def list_sources(actor: Actor) -> QuerySet[Source]:
    """Return the sources that were ever read, with how many imports each had."""
    _require_wide(actor)
    return Source.objects.read().annotate(import_count=Count("imports"))


def find_source(actor: Actor, key: UUID | str) -> Source:
    """Return one source with its coverage. Raises NotFound."""
    _require_wide(actor)
    found = Source.objects.filter(pk=key).prefetch_related("coverage__last_import").first()
    if found is None:
        raise NotFound("There is no such source.")
    return found


def imports_of(actor: Actor, source: Source | None = None) -> QuerySet[Import]:
    """Return imports, newest first; of one source where given."""
    _require_wide(actor)
    rows = Import.objects.select_related("source").order_by("-number")
    return rows.filter(source=source) if source else rows


def find_import(actor: Actor, number: int) -> Import:
    """Return one import with its files. Raises NotFound."""
    _require_wide(actor)
    found = Import.objects.select_related("source").prefetch_related("files").filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no import {number}.")
    return found


def rejected_of(actor: Actor, owner: Import) -> QuerySet[RejectedRecord]:
    """Return the records of an import that were not taken."""
    _require_wide(actor)
    return RejectedRecord.objects.filter(owner=owner).order_by("pk")


def waiting_imports(actor: Actor) -> QuerySet[Import]:
    """Return the imports that are read and wait for someone to apply them."""
    return imports_of(actor).filter(state=ImportState.PREVIEWED)


def visible_sources(actor: Actor) -> QuerySet[Source]:
    """Return the sources that were ever read and the actor may see: all for wide roles, none for others."""
    return Source.objects.visible_to(actor).read()


def stale_sources(at: datetime) -> tuple[list[str], int]:
    """Return the names of the sources in use that were not read for a week before `at`, and how many are in use."""
    rows = list(Source.objects.read().filter(retired_at__isnull=True).values_list("name", "observed_at"))
    return [name for name, seen in rows if seen is not None and at - seen > STALE_AFTER], len(rows)
