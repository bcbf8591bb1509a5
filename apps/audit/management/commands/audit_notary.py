"""Sign checkpoints of the audit logs, once or for ever."""

import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from apps.audit.services.keys import publish_keys
from apps.audit.services.notary import (
    Notarised,
    NotaryError,
    create_key,
    key_of_first_start,
    load_key,
    notarise,
    write_witness,
)
from apps.core import clock


class Command(BaseCommand):
    """Checks what was appended since the last checkpoint, then signs; refuses when anything does not verify."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--once", action="store_true", help="check and sign once, then stop")
        parser.add_argument("--interval", type=float, default=60.0, help="seconds between two checkpoints (60)")
        parser.add_argument("--key", type=Path, default=Path(settings.ZTPORTAL_AUDIT_KEY_FILE), help="private key, PEM")
        parser.add_argument(
            "--create-key", action="store_true", help="create a new key when there is none although checkpoints exist"
        )
        parser.add_argument("--witness-dir", type=Path, help="folder for a copy of each note, to be kept elsewhere")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run; exit 1 when a log does not verify (with --once) or the key cannot be used."""
        path: Path = options["key"]
        try:
            if options["create_key"] and not path.exists():
                create_key(path)
            key_of_first_start(path)
            key = load_key(path)
        except NotaryError as problem:
            raise CommandError(str(problem)) from problem
        if options["once"]:
            if not self._round(key, path, options["witness_dir"]):
                raise CommandError("refused to sign")
            return
        pause = threading.Event()
        while True:
            try:
                self._round(key, path, options["witness_dir"])
            except DatabaseError as problem:
                self.stderr.write(f"database unavailable: {problem}")
                connection.close()
            pause.wait(options["interval"])

    def _round(self, key: Ed25519PrivateKey, path: Path, witness_dir: Path | None) -> bool:
        """Check and sign all logs once; return whether all verified."""
        done = notarise(key=key, now=clock.now(), memory=path.parent)
        publish_keys(path, key)
        for one in done:
            self._tell(one)
            if witness_dir is not None and one.note:
                write_witness(witness_dir, one)
        return not any(one.problems for one in done)

    def _tell(self, one: Notarised) -> None:
        for problem in one.problems:
            self.stderr.write(self.style.ERROR(f"{one.log}: NOT SIGNED, {problem}"))
        if one.signed:
            self.stdout.write(f"{one.log}: signed up to event {one.size}")
