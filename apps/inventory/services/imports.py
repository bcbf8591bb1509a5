"""Commands of an import: request, confirm, apply, discard."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.inventory import events, rules
from apps.inventory.formats import InputFile
from apps.inventory.importing import compare, lease
from apps.inventory.importing.apply import apply_rows
from apps.inventory.models import Import, Source, UploadedFile
from apps.inventory.services.cleanup import clean_up
from apps.inventory.states import IMPORT_MACHINE, ImportState

#: An export cannot be from the future; clocks differ a little, and days begin elsewhere first.
AHEAD = timedelta(days=1)
CHUNK = 1 << 20
#: States in which an import may still be thrown away.
DISCARDABLE = (ImportState.QUEUED, ImportState.STAGING, ImportState.PREVIEWED)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of an import with its SHA-256; `kept` when it was copied for the import and is deleted after it."""

    name: str
    path: Path
    size: int
    digest: str
    kept: bool = False


def digest_files(files: Sequence[InputFile], *, kept: bool = False) -> list[Upload]:
    """Read the files once for their digests. Raises OSError."""
    uploads = []
    for file in files:
        digest = hashlib.sha256()
        with file.path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
        uploads.append(Upload(file.name, file.path.resolve(), file.size, digest.hexdigest(), kept))
    return uploads


@command(events.IMPORT_REQUESTED)
def request_import(
    *,
    actor: Actor,
    format: str,
    uploads: Sequence[Upload],
    source_name: str,
    observed_at: datetime | None = None,
    accept_shrink: bool = False,
    apply_at_once: bool = False,
    claim: bool = False,
    is_sample: bool = False,
    options: Mapping[str, Any] | None = None,
    now: datetime,
) -> Changed:
    """Create an import that waits to be read, and its source where it is new; the value is the import.

    With `claim` the calling process stages it itself, else it is queued. Raises Invalid for a time in the future or
    before the source's newest, and for a source fed by another format; Forbidden.
    """
    rules.can_import(actor).require()
    at = _moment(observed_at, now)
    source = _source(source_name, format, is_sample)
    _require_newest(source, at)
    what: dict[str, Any] = {"source": source, "format": format, "observed_at": at, "options": dict(options or {})}
    what["digest"] = _digest_of(uploads)
    asked = {"accept_shrink": accept_shrink, "apply_at_once": apply_at_once}
    by = {"requested_by": actor.label, "requested_by_id": actor.id}
    held = {"claimed_until": now + lease.LEASE, "claimed_by": lease.holder() if claim else ""}
    owner = _numbered(what | asked | by | held)
    _keep_files(owner, uploads)
    if not claim:
        enqueue("inventory.stage_import", str(owner.pk))
    details = {"source": source.name, "format": format, "files": len(uploads), "observed_at": at.isoformat()}
    return Changed(_subject(owner), details | {"apply_at_once": apply_at_once}, value=owner)


def _digest_of(uploads: Sequence[Upload]) -> str:
    """Return one digest over the digests of all files, whatever their order."""
    return hashlib.sha256("".join(sorted(upload.digest for upload in uploads)).encode()).hexdigest()


def _keep_files(owner: Import, uploads: Sequence[Upload]) -> None:
    rows = [
        UploadedFile(owner=owner, name=u.name[:1024], path=str(u.path), size=u.size, digest=u.digest, kept=u.kept)
        for u in uploads
    ]
    UploadedFile.objects.bulk_create(rows)


def _moment(observed_at: datetime | None, now: datetime) -> datetime:
    if observed_at is not None and observed_at > now + AHEAD:
        raise Invalid("The time of the export lies in the future.", observed_at="in the future")
    return observed_at or now


@command(events.IMPORT_CONFIRMED)
def confirm_import(*, actor: Actor, import_id: UUID, now: datetime) -> Changed:
    """Have a previewed import applied by a worker. Raises Conflict, Forbidden, NotFound."""
    rules.can_import(actor).require()
    owner = _find(import_id)
    _move(
        owner,
        ImportState.PREVIEWED,
        ImportState.APPLYING,
        apply_at_once=True,
        claimed_until=now + lease.LEASE,
        claimed_by="",
    )
    enqueue("inventory.apply_import", str(owner.pk))
    return Changed(_subject(owner), value=owner, before=ImportState.PREVIEWED, after=ImportState.APPLYING)


@command(events.IMPORT_APPLIED)
def apply_import(*, actor: Actor, import_id: UUID, now: datetime) -> Changed:
    """Apply a previewed or confirmed import in one transaction; the value is the import with its counts.

    Raises Conflict when another import of the source is at work or this one was taken already, Invalid when the
    source has newer facts by now, Forbidden, NotFound.
    """
    rules.can_import(actor).require()
    owner = _find(import_id)
    if owner.state == ImportState.PREVIEWED:
        _move(owner, ImportState.PREVIEWED, ImportState.APPLYING)
    _move(owner, ImportState.APPLYING, ImportState.APPLIED, finished_at=now, claimed_until=None, claimed_by="")
    owner = _find(import_id)
    _require_newest(Source.objects.select_for_update(no_key=True).get(pk=owner.source_id), owner.observed_at)
    by_kind = apply_rows(owner, now)
    totals = compare.totals(owner, by_kind)
    Import.objects.filter(pk=owner.pk).update(
        **totals.as_dict(), by_kind={kind: count.as_dict() for kind, count in by_kind.items()}
    )
    transaction.on_commit(lambda: clean_up(owner.pk), robust=True)
    details: dict[str, object] = {
        "source": owner.source.name,
        "format": owner.format,
        "observed_at": owner.observed_at.isoformat(),
        "digest": owner.digest,
        **totals.as_dict(),
        "rejected": owner.rejected_count,
        "complete": owner.complete,
    }
    return Changed(
        _subject(owner), details, value=_find(import_id), before=ImportState.APPLYING, after=ImportState.APPLIED
    )


@command(events.IMPORT_DISCARDED)
def discard_import(*, actor: Actor, import_id: UUID, now: datetime) -> Changed:
    """Throw away an import that was not applied. Raises Conflict, Forbidden, NotFound."""
    rules.can_import(actor).require()
    owner = _find(import_id)
    _move(owner, DISCARDABLE, ImportState.DISCARDED, finished_at=now, claimed_until=None, claimed_by="")
    transaction.on_commit(lambda: clean_up(owner.pk), robust=True)
    return Changed(_subject(owner), before=owner.state, after=ImportState.DISCARDED)


def _source(name: str, format: str, is_sample: bool) -> Source:
    name = " ".join(name.split())
    if not name or len(name) > 200:
        raise Invalid("A source needs a name of at most 200 characters.", source="1 to 200 characters")
    source = Source.objects.filter(name__iexact=name).first()
    if source is None:
        return Source.objects.create(name=name, format=format, is_sample=is_sample)
    if source.format != format and _is_unused(source):
        Source.objects.filter(pk=source.pk).update(format=format)
        source.format = format
    if source.format != format:
        raise Invalid(f"Source {source.name} is fed by {source.format}, not {format}.", source="fed by another format")
    return source


def _is_unused(source: Source) -> bool:
    """Return whether everything that ever came for a source was refused or discarded."""
    ended = (ImportState.REFUSED, ImportState.DISCARDED)
    return source.observed_at is None and not Import.objects.filter(source=source).exclude(state__in=ended).exists()


def _require_newest(source: Source, at: datetime) -> None:
    if source.observed_at is not None and at < source.observed_at:
        raise Invalid(
            f"The export is of {at:%Y-%m-%d %H:%M} UTC, but {source.name} was read as of"
            f" {source.observed_at:%Y-%m-%d %H:%M} UTC;"
            " an older state is not imported over a newer one.",
            observed_at="older than the source's last import",
        )


def _numbered(fields: dict[str, Any]) -> Import:
    """Create the import under the next number; another one may take the number first."""
    for _ in range(5):
        number = (Import.objects.aggregate(last=Max("number"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                return Import.objects.create(number=number, **fields)
        except IntegrityError:
            continue
    raise Conflict("Too many imports start at once; try again.")


def _find(import_id: UUID) -> Import:
    owner = Import.objects.select_related("source").filter(pk=import_id).first()
    if owner is None:
        raise NotFound("There is no such import.")
    return owner


def _move(owner: Import, before: Any, after: str, **changes: Any) -> None:
    try:
        with transaction.atomic():
            IMPORT_MACHINE.move(Import.objects.all(), pk=owner.pk, before=before, after=after, **changes)
    except IntegrityError:
        raise Conflict(f"Another import of {owner.source.name} is at work; wait for it to end.") from None


def _subject(owner: Import) -> Subject:
    return Subject("import", str(owner.pk), f"Import {owner.number} of {owner.source.name}")
