"""Reading an import into the staged tables: heavy, resumable, invisible; not a command, because nothing changes yet."""

import logging
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction

from apps.core import clock
from apps.core.errors import Conflict
from apps.core.sql import analyse
from apps.inventory.formats import FORMATS, ROW_KINDS, InputFile
from apps.inventory.importing import compare, lease
from apps.inventory.importing.prepare import prepare
from apps.inventory.importing.stage import Stager
from apps.inventory.models import Import, RejectedRecord, UploadedFile
from apps.inventory.records import Item, Rejected, UnrecognisedInput
from apps.inventory.services.cleanup import clean_up, drop_staged
from apps.inventory.states import ImportState

log = logging.getLogger(__name__)
#: The last words of a line of refusal about a file that is not understood at all.
SHRUNK = (
    "it holds {staged:,} main records, under half of the {before:,} of the last complete import; if that is right,"
    " accept the shrinking"
)


def stage_import(*, import_id: UUID) -> Import:
    """Read the files of an import into the staged tables; return it, previewed or refused.

    Takes over an import whose process died and starts it from its beginning. Raises Conflict when it is being read
    elsewhere, or another import of its source is; LostLease when it was taken over meanwhile.
    """
    owner = _claim(import_id, clock.now())
    if owner.state == ImportState.REFUSED:
        return owner
    try:
        drop_staged(owner)
        with transaction.atomic():
            RejectedRecord.objects.filter(owner=owner).delete()
        with tempfile.TemporaryDirectory(prefix="ztportal-import-") as folder:
            _read(owner, Path(folder))
        return _compare(owner)
    except UnrecognisedInput as problem:
        return _refuse(owner, f"Refused: {problem}.")
    except (lease.LostLease, DatabaseError):
        raise
    except FileNotFoundError as problem:
        return _refuse(owner, f"The file is not there any more: {problem.filename}")
    except Exception as problem:
        log.exception("import cannot be read", extra={"import": owner.number})
        return _refuse(owner, f"The files cannot be read ({type(problem).__name__}); nothing was changed.")


def _claim(import_id: UUID, now: datetime) -> Import:
    """Take the lease by compare-and-swap; attempts count before the work (reliability.md §4, Retries)."""
    owner = Import.objects.get(pk=import_id)
    mine = owner.claimed_by == lease.holder() and owner.state == ImportState.QUEUED
    if owner.state not in (ImportState.QUEUED, ImportState.STAGING) or not (mine or lease.is_free(owner, now)):
        raise Conflict("This import is being read already, or has been.")
    _retire_dead(owner, now)
    after = ImportState.STAGING if owner.attempts < lease.MAX_ATTEMPTS else ImportState.REFUSED
    changes = {"attempts": owner.attempts + 1, "claimed_by": lease.holder(), "claimed_until": now + lease.LEASE}
    if after == ImportState.REFUSED:
        problem = f"Reading ended abruptly {lease.MAX_ATTEMPTS} times; the files need a look."
        changes |= {"problem": problem, "finished_at": now, "claimed_until": None}
    try:
        with transaction.atomic():
            taken = Import.objects.filter(pk=owner.pk, state=owner.state, attempts=owner.attempts).update(
                state=after, started_at=now, staged=0, **changes
            )
    except IntegrityError:
        raise Conflict("Another import of this source is at work; wait for it to end.") from None
    if not taken:
        raise Conflict("This import is being read already, or has been.")
    if after == ImportState.REFUSED:
        clean_up(owner.pk)
    return Import.objects.select_related("source").get(pk=owner.pk)


def _retire_dead(owner: Import, now: datetime) -> None:
    """An import of the same source whose process died must not hold up a newer one; it goes back to the queue."""
    at_work = Import.objects.filter(source_id=owner.source_id, state=ImportState.STAGING).exclude(pk=owner.pk)
    for other in at_work:
        if not lease.is_free(other, now):
            continue
        newer = other.number < owner.number
        Import.objects.filter(pk=other.pk, state=ImportState.STAGING, attempts=other.attempts).update(
            state=ImportState.DISCARDED if newer else ImportState.QUEUED,
            problem=f"Its process ended; import {owner.number} took its place." if newer else "",
            claimed_until=None,
            claimed_by="",
        )
        if newer:
            clean_up(other.pk)


def _read(owner: Import, folder: Path) -> None:
    files = [
        InputFile(Path(upload.path), upload.name, upload.size)
        for upload in UploadedFile.objects.filter(owner=owner).order_by("pk")
    ]
    prepared = prepare(files, folder, as_bytes=FORMATS[owner.format].as_bytes)
    if not prepared.files and prepared.rejected:
        first = prepared.rejected[0]
        raise UnrecognisedInput(f"{first.file}, but {first.reason}", FORMATS[owner.format].title)

    def beat(staged: int) -> None:
        _beat(owner, staged)

    def items() -> Iterator[Item]:
        yield from prepared.rejected
        yield from FORMATS[owner.format].parse(prepared.files, owner.options)

    tally = Stager(owner, beat).run(items())
    # A complete list may be empty; of files that were all rejected nothing was taken.
    nothing = not any(covered["complete"] for covered in tally.covered.values())
    if not tally.total and (nothing or tally.rejected):
        raise UnrecognisedInput(_first_reason(owner), FORMATS[owner.format].title)
    for covered in tally.covered.values():
        covered["complete"] = covered["complete"] and not prepared.rejected
    kinds = {*tally.covered, *tally.staged}
    complete = all(tally.covered.get(kind, {}).get("complete", False) for kind in kinds) and not prepared.rejected
    _save(owner, covered=tally.covered, complete=complete, staged=tally.total, rejected_count=tally.rejected)


def _first_reason(owner: Import) -> str:
    first = RejectedRecord.objects.filter(owner=owner).order_by("pk").first()
    why = f"; {first.file}, {first.where}: {first.reason}" if first else ""
    return f"no record that can be taken{why}"


def _beat(owner: Import, staged: int) -> None:
    """Renew the lease and tell the progress. Raises LostLease."""
    until = clock.now() + lease.LEASE
    mine = Import.objects.filter(pk=owner.pk, state=ImportState.STAGING, attempts=owner.attempts)
    if not mine.update(staged=staged, claimed_until=until):
        raise lease.LostLease(f"import {owner.number} was taken over")


def _save(owner: Import, **changes: object) -> None:
    for name, value in changes.items():
        setattr(owner, name, value)
    mine = Import.objects.filter(pk=owner.pk, state=ImportState.STAGING, attempts=owner.attempts)
    if not mine.update(**changes):
        raise lease.LostLease(f"import {owner.number} was taken over")


def _compare(owner: Import) -> Import:
    """Count what applying would do, refuse what looks truncated, and open the preview."""
    for row_kind in ROW_KINDS:
        if compare.staged(row_kind, owner).exists():
            keys = ["owner", "source_key", "digest", *([row_kind.parent[1]] if row_kind.parent else [])]
            analyse(row_kind.staged, columns=keys)
    _reject_orphans(owner)
    _beat(owner, owner.staged)
    if not owner.accept_shrink and compare.shrinks(owner):
        main = compare.main_records(owner)
        return _refuse(owner, f"Refused: {SHRUNK.format(staged=main, before=owner.source.main_records)}.")
    by_kind = compare.all_counts(owner)
    _save(
        owner,
        state=ImportState.PREVIEWED,
        claimed_until=clock.now() + lease.LEASE if owner.apply_at_once else None,
        claimed_by=lease.holder() if owner.apply_at_once else "",
        by_kind={kind: count.as_dict() for kind, count in by_kind.items()},
        **compare.totals(owner, by_kind).as_dict(),
    )
    return owner


def _reject_orphans(owner: Import) -> None:
    """A factor, credential or entitlement of an identity that nobody shows cannot be placed: it is reported."""
    for row_kind in ROW_KINDS:
        rows = compare.orphans(row_kind, owner)
        if row_kind.parent is None or not rows.exists():
            continue
        key = row_kind.parent[1]
        with transaction.atomic():
            lost = list(rows.values_list("pk", "source_key", key))
            reasons = [
                Rejected("", k[:200], f"its {row_kind.parent[2]} {p[:300]} is not in the files") for _, k, p in lost
            ]
            RejectedRecord.objects.bulk_create(
                [RejectedRecord(owner=owner, file="", where=r.where, reason=r.reason) for r in reasons[:10_000]]
            )
            for start in range(0, len(lost), 500):
                row_kind.staged.objects.filter(pk__in=[pk for pk, _, _ in lost[start : start + 500]]).delete()
            _save(owner, rejected_count=owner.rejected_count + len(lost))


def _refuse(owner: Import, problem: str) -> Import:
    mine = Import.objects.filter(pk=owner.pk, state=ImportState.STAGING, attempts=owner.attempts)
    now = clock.now()
    if not mine.update(
        state=ImportState.REFUSED, problem=problem[:2000], finished_at=now, claimed_until=None, claimed_by=""
    ):
        raise lease.LostLease(f"import {owner.number} was taken over")
    clean_up(owner.pk)
    owner.refresh_from_db()
    return owner
