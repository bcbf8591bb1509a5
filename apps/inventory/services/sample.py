"""Removing what sample sources brought: their rows, and the assets and people that nothing else shows."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.errors import Conflict
from apps.core.events import Subject
from apps.inventory import events
from apps.inventory.formats import ROW_KINDS
from apps.inventory.models import Asset, AssetObservation, Coverage, Identity, Import, Person, PersonRecord, Source
from apps.inventory.states import ImportState

AT_WORK = (ImportState.QUEUED, ImportState.STAGING, ImportState.APPLYING)


@command(events.SAMPLE_SOURCES_REMOVED)
def remove_sample_sources(*, actor: Actor, now: datetime, keep: Collection[UUID] = ()) -> Changed | Unchanged:
    """Delete all sample sources with their rows and imports, and the assets and people left without a source.

    Assets in `keep` are only gone: something that stays is about them.
    Only the system may, within a larger command. Raises Conflict while an import of a sample source is at work.
    """
    if actor.kind != "system":
        refused("Sample sources are removed by the portal itself.").require()
    sources = Source.objects.filter(is_sample=True)
    if not sources.exists():
        return Unchanged(value={"sources": 0, "assets": 0, "people": 0})
    if Import.objects.filter(source__in=sources, state__in=AT_WORK).exists():
        raise Conflict("An import of the sample is at work; wait for its end.")
    for row_kind in reversed(list(ROW_KINDS)):
        row_kind.applied.objects.filter(source__in=sources).delete()
        row_kind.staged.objects.filter(owner__source__in=sources).delete()
    Coverage.objects.filter(source__in=sources).delete()
    Import.objects.filter(source__in=sources).delete()
    counts: dict[str, object] = {"sources": sources.count()}
    sources.delete()
    counts["assets"] = _forget_assets(keep, now)
    counts["people"] = _forget_people()
    return Changed(Subject("sample", "sources", "Sample sources"), counts, value=counts)


def _forget_assets(keep: Collection[UUID], now: datetime) -> int:
    shown = AssetObservation.objects.filter(asset_id=OuterRef("pk"))
    left = Asset.objects.filter(~Exists(shown))
    left.filter(pk__in=keep, gone_at__isnull=True).update(gone_at=now)
    left = left.exclude(pk__in=keep)
    count = left.count()
    left.delete()
    return count


def _forget_people() -> int:
    """Delete people whom no record and no identity shows; a person somebody signs in as stays."""
    known = Exists(PersonRecord.objects.filter(person_id=OuterRef("pk")))
    acting = Exists(Identity.objects.filter(person_id=OuterRef("pk")))
    left = Person.objects.filter(~known, ~acting, user__isnull=True) | Person.objects.filter(
        ~known, ~acting, user__is_sample=True
    )
    count = left.count()
    left.delete()
    return count
