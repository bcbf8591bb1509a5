"""Verify the audit logs in the database: every entry, root, signature, column and detail."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.audit.notes import NoteError
from apps.audit.queries.verification import LogReport, Trust, verify_all
from apps.audit.services.keys import PUBLIC_NAME, read_keys
from apps.audit.services.verification import keep_status
from apps.core import clock


class Command(BaseCommand):
    """Without a checkpoint that was held outside, whoever owns database and key can have rewritten everything."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--witness", action="append", default=[], help="outside-held note, or a folder of *.note")
        parser.add_argument("--public-key", action="append", default=[], help="verifier key, file of them, or PEM file")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and print; exit 1 when anything does not verify, 2 when what was given cannot be read."""
        own = Path(settings.ZTPORTAL_AUDIT_KEY_FILE).parent / PUBLIC_NAME
        given = options["public_key"] or ([str(own)] if own.is_file() else [])
        try:
            trust = Trust(read_keys(given), witness_notes(options["witness"]))
        except (NoteError, OSError) as problem:
            raise CommandError(str(problem), returncode=2) from problem
        reports, now = verify_all(trust), clock.now()
        for report in reports:
            keep_status(report.log, report.size, report.findings, now, "verify")
        if options["json"]:
            self.stdout.write(json.dumps({"ok": all(r.ok for r in reports), "logs": [as_json(r) for r in reports]}))
        else:
            for report in reports:
                self._tell(report)
        if not all(report.ok for report in reports):
            raise CommandError("the audit log does not verify")

    def _tell(self, report: LogReport) -> None:
        keys = "pinned key" if report.pinned else "keys as stored (none pinned)"
        held = f"{report.checkpoints} checkpoints with {keys}, {report.witnesses} held outside"
        if report.ok:
            self.stdout.write(f"{report.log}: verified, {report.size} events, {held}")
            return
        self.stdout.write(f"{report.log}: DOES NOT VERIFY, {report.findings.count} problems, {held}")
        for problem in report.findings.problems[:20]:
            self.stdout.write(f"  {problem}")


def witness_notes(given: list[str]) -> list[tuple[str, str]]:
    """Return (where, note) of the files given, and of each *.note in the folders given; raise OSError."""
    files: list[Path] = []
    for value in given:
        path = Path(value)
        files += sorted(path.glob("*.note")) if path.is_dir() else [path]
    return [(path.name, path.read_text(encoding="utf-8", errors="replace")) for path in files]


def as_json(report: LogReport) -> dict[str, Any]:
    """Return a report as the JSON that --json prints (docs/audit.md)."""
    return {
        "log": report.log,
        "origin": report.origin,
        "ok": report.ok,
        "events": report.size,
        "checkpoints": report.checkpoints,
        "outside_checkpoints": report.witnesses,
        "key_pinned": report.pinned,
        "first_bad_event": report.findings.first_seq,
        "problem_count": report.findings.count,
        "problems": [{"event": p.seq, "text": p.text} for p in report.findings.problems],
    }
