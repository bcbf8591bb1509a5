"""One call from files to an applied import: recognise, request, stage, apply."""

import logging
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from apps.core import clock, jobs
from apps.core.actor import Actor, system
from apps.core.errors import Invalid
from apps.inventory import rules
from apps.inventory.formats import FORMATS, Format, InputFile, Recognition
from apps.inventory.importing import detect, lease
from apps.inventory.importing.prepare import prepare
from apps.inventory.models import Import
from apps.inventory.records import UnrecognisedInput
from apps.inventory.services.imports import DISCARDABLE, apply_import, digest_files, discard_import, request_import
from apps.inventory.services.staging import stage_import
from apps.inventory.states import IMPORT_MACHINE, ImportState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the files were recognised as; `source_name` is what the content suggests."""

    format: Format
    recognition: Recognition

    @property
    def source_name(self) -> str:
        """Return the suggested source name, else the format's."""
        return self.recognition.source_name or self.format.name


def recognise(files: Sequence[InputFile], format: str, options: Mapping[str, Any] | None = None) -> Recognised:
    """Look into the files, archives included. Raises Invalid with one line: what was recognised, what expected."""
    if not files:
        raise Invalid("There is no data file there; name a file, or a folder that holds one.")
    too_large = sum(file.size for file in files) > settings.ZTPORTAL_IMPORT_LIMIT_MB * 1_000_000
    if too_large:
        raise Invalid(f"The files are larger than {settings.ZTPORTAL_IMPORT_LIMIT_MB} MB together.")
    with tempfile.TemporaryDirectory(prefix="ztportal-look-") as folder:
        named = FORMATS.get(format)
        prepared = prepare(files, Path(folder), as_bytes=named is not None and named.as_bytes)
        if not prepared.files:
            first = prepared.rejected[0]
            raise Invalid(f"{first.file} is refused: {first.reason}.")
        try:
            return Recognised(*detect.recognise(format, prepared.files, options or {}))
        except UnrecognisedInput as problem:
            raise Invalid(f"Refused: {problem}.") from None


def import_files(
    *,
    actor: Actor,
    format: str,
    files: Sequence[InputFile],
    source_name: str = "",
    observed_at: datetime | None = None,
    accept_shrink: bool = False,
    options: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    is_sample: bool = False,
) -> Import:
    """Import files at once and return the applied import; with `dry_run` the discarded one, with its counts.

    Raises Invalid when the files are refused whole, Conflict when their source is at work, Forbidden.
    """
    rules.can_import(actor).require()
    found = recognise(files, format, options)
    owner: Import = request_import(
        actor=actor,
        format=found.format.name,
        uploads=digest_files(files),
        source_name=source_name or found.source_name,
        observed_at=observed_at,
        accept_shrink=accept_shrink,
        apply_at_once=not dry_run,
        claim=True,
        is_sample=is_sample,
        options=options,
    ).value
    try:
        return _carry_out(actor, owner, dry_run=dry_run)
    except BaseException:
        _give_up(actor, owner)
        raise


def _carry_out(actor: Actor, owner: Import, *, dry_run: bool) -> Import:
    staged = stage_import(import_id=owner.pk)
    if staged.state == ImportState.REFUSED:
        raise Invalid(staged.problem)
    if dry_run:
        discard_import(actor=actor, import_id=owner.pk)
        return staged
    applied: Import = apply_import(actor=actor, import_id=owner.pk).value
    return applied


def upload(
    *,
    actor: Actor,
    format: str,
    files: Sequence[tuple[str, Any]],
    source_name: str = "",
    observed_at: datetime | None = None,
    accept_shrink: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Import:
    """Keep uploaded files (name, readable stream with `size`), and queue their import for a preview; return it.

    Raises Invalid when they are too large or not recognised, Forbidden.
    """
    rules.can_import(actor).require()
    if sum(stream.size for _, stream in files) > settings.ZTPORTAL_UPLOAD_LIMIT_MB * 1_000_000:
        raise Invalid(f"An upload holds at most {settings.ZTPORTAL_UPLOAD_LIMIT_MB} MB; use the command line for more.")
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept: list[InputFile] = []
    try:
        for name, stream in files:
            with tempfile.NamedTemporaryFile(dir=folder, prefix="import-", delete=False) as out:
                kept.append(InputFile(Path(out.name), Path(name).name[:300], stream.size))
                shutil.copyfileobj(stream, out)
        found = recognise(kept, format, options)
        owner: Import = request_import(
            actor=actor,
            format=found.format.name,
            uploads=digest_files(kept, kept=True),
            source_name=source_name or found.source_name,
            observed_at=observed_at,
            accept_shrink=accept_shrink,
            options=options,
        ).value
    except BaseException:
        for file in kept:
            file.path.unlink(missing_ok=True)
        raise
    return owner


def _give_up(actor: Actor, owner: Import) -> None:
    """Leave nothing half-way behind when the import did not come to its end; the first failure is the one to tell."""
    try:
        if Import.objects.filter(pk=owner.pk, state__in=DISCARDABLE).exists():
            discard_import(actor=actor, import_id=owner.pk)
    except Exception:
        log.warning("import was not discarded after it failed", extra={"import": owner.number})


def work_on(import_id: UUID) -> None:
    """Do the next due step of a queued or confirmed import; a refusal is kept on the import. Safe to repeat."""
    actor = system("import worker")
    owner = Import.objects.get(pk=import_id)
    if owner.state in (ImportState.QUEUED, ImportState.STAGING):
        owner = stage_import(import_id=import_id)
    due = owner.state == ImportState.APPLYING or (owner.state == ImportState.PREVIEWED and owner.apply_at_once)
    if not due:
        return
    if owner.attempts >= 2 * lease.MAX_ATTEMPTS:
        _refuse(owner, "Applying it failed again and again; nothing of it was kept.")
        return
    Import.objects.filter(pk=import_id, state=owner.state).update(attempts=F("attempts") + 1)
    try:
        apply_import(actor=actor, import_id=import_id)
    except Invalid as refusal:
        _refuse(owner, refusal.reason)


def _refuse(owner: Import, problem: str) -> None:
    """End an import that cannot be applied; the page says why."""
    with transaction.atomic():
        rows = Import.objects.all()
        if owner.state == ImportState.PREVIEWED:
            IMPORT_MACHINE.move(rows, pk=owner.pk, before=ImportState.PREVIEWED, after=ImportState.APPLYING)
        IMPORT_MACHINE.move(
            rows,
            pk=owner.pk,
            before=ImportState.APPLYING,
            after=ImportState.REFUSED,
            problem=problem,
            finished_at=clock.now(),
            claimed_until=None,
        )


def resume_imports() -> int:
    """Reconciler step: wake a worker for every import that waits and that nobody is at work on; return how many."""
    now = clock.now()
    waits = Q(state__in=[ImportState.QUEUED, ImportState.STAGING, ImportState.APPLYING])
    waits |= Q(state=ImportState.PREVIEWED, apply_at_once=True)
    due = [owner for owner in Import.objects.filter(waits) if lease.is_due(owner, now)]
    for owner in due:
        Import.objects.filter(pk=owner.pk, state=owner.state, attempts=owner.attempts).update(
            claimed_until=now + lease.LEASE, claimed_by=""
        )
        jobs.enqueue("inventory.stage_import", str(owner.pk))
    return len(due)
