"""The raw records that a result stands on: which source said it, when, and the hash of what it said."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core.actor import Actor
from apps.inventory.models import AssetObservation, Credential, Identity, Source

MAX_EXCERPT = 4000
MAX_RECORDS = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one source: its key there, when its facts were written, the import, the excerpt and its hash."""

    source: str
    key: str
    observed_at: datetime | None
    import_number: int | None
    excerpt: str
    cut: bool
    sha256: str


def records_of(actor: Actor, kind: str, subject_id: UUID) -> list[Record]:
    """Return the records about a subject that the actor may see, secrets removed at import; one query."""
    rows: Iterable[Any] = []
    if kind == "identity":
        rows = Identity.objects.visible_to(actor).filter(pk=subject_id)
    elif kind == "credential":
        rows = Credential.objects.visible_to(actor).filter(pk=subject_id)
    elif kind == "asset":
        rows = AssetObservation.objects.visible_to(actor).present().filter(asset_id=subject_id)
    elif kind == "source":
        return [_of_source(source) for source in Source.objects.visible_to(actor).filter(pk=subject_id)]
    return [_of_row(row) for row in rows.select_related("source", "last_import").order_by("-observed_at")[:MAX_RECORDS]]  # type: ignore[attr-defined]


def _of_row(row: Any) -> Record:
    text = json.dumps(row.raw, sort_keys=True, indent=2, ensure_ascii=False)
    exact = json.dumps(row.raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    digest = hashlib.sha256(exact).hexdigest()
    number = row.last_import.number if row.last_import else None
    cut = len(text) > MAX_EXCERPT
    return Record(row.source.name, row.source_key, row.observed_at, number, text[:MAX_EXCERPT], cut, digest)


def _of_source(source: Source) -> Record:
    return Record(source.name, source.format, source.observed_at, None, "", False, "")
