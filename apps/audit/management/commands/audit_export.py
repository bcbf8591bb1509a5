"""Export a log, or the days asked for, with proofs, checkpoints and the stand-alone verifier."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max, Min

from apps.audit.events import LOG_EXPORTED
from apps.audit.models import LOGS, Entry
from apps.audit.queries.proofs import latest_checkpoint
from apps.audit.services.notary import NotaryError, load_key, notarise
from apps.audit.services.packages import Extent, package, zipped
from apps.core import clock
from apps.core.actor import system
from apps.core.command import record
from apps.core.events import PRIVILEGED, Subject


class Command(BaseCommand):
    """Where this process may read the notary's key, a checkpoint is signed first, so that everything is covered."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--log", choices=LOGS, default=PRIVILEGED)
        parser.add_argument("--from", dest="since", type=date.fromisoformat, help="first UTC day, 2026-11-01")
        parser.add_argument("--to", dest="until", type=date.fromisoformat, help="last UTC day")
        parser.add_argument("--out", type=Path, required=True, help="new folder, or a file ending in .zip")
        parser.add_argument("--key", type=Path, default=Path(settings.ZTPORTAL_AUDIT_KEY_FILE), help="notary's key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export; exit 1 when there is no checkpoint, nothing to export, or the place is taken."""
        out: Path = options["out"]
        if out.exists() and (out.is_file() or any(out.iterdir())):
            raise CommandError(f"{out} is there already")
        log, since, until = options["log"], options["since"], options["until"]
        asked = {"since": str(since or ""), "until": str(until or "")}
        subject = Subject("audit.log", log, f"{log.capitalize()} log")
        details: dict[str, object] = {"filters": asked, "format": "package", "log": log}
        record(LOG_EXPORTED, actor=system("command line"), subject=subject, details=details)
        try:
            key = load_key(options["key"])
            notarise(key=key, now=clock.now(), memory=options["key"].parent)
        except (NotaryError, PermissionError) as problem:
            self.stderr.write(f"no fresh checkpoint, manifest unsigned: {problem}")
            key = None
        checkpoint = latest_checkpoint(log)
        if checkpoint is None:
            raise CommandError("this log has no checkpoint yet; run audit_notary first")
        extent = _extent(log, since, until, checkpoint.size)
        entries = Entry.objects.filter(log=log, seq__gte=extent.first, seq__lt=extent.end)
        found = entries.select_related("details").order_by("seq").iterator(chunk_size=2000)
        files = package(extent, found, checkpoint, key=key, now=clock.now())
        if out.suffix == ".zip":
            out.write_bytes(zipped(files))
        else:
            out.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (out / name).write_bytes(content)
        self.stdout.write(f"{log}: events {extent.first} to {extent.end - 1} in {out}")
        self.stdout.write(f"verify with: python audit_verify.py {out} --key '{checkpoint.verifier_key}'")


def _extent(log: str, since: date | None, until: date | None, size: int) -> Extent:
    """Return the run of numbers that covers the days asked for, as far as the checkpoint reaches."""
    asked = Entry.objects.filter(log=log, seq__lt=size)
    if since is not None:
        asked = asked.filter(at__gte=datetime.combine(since, time.min, UTC))
    if until is not None:
        asked = asked.filter(at__lt=datetime.combine(until + timedelta(days=1), time.min, UTC))
    found = asked.aggregate(first=Min("seq"), last=Max("seq"))
    if found["first"] is None:
        raise CommandError("no event in this range")
    return Extent(log, found["first"], found["last"] + 1, complete=True)
