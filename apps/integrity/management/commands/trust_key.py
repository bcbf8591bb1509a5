"""`manage.py trust_key PATH --name NAME`: trust a signing key from the command line."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import DomainError
from apps.integrity.services import trust_key
from apps.integrity.verification.keys import MAX_PEM


class Command(BaseCommand):
    """Trusts a public key or root certificate."""

    help = "Trust a public key or root certificate (PEM), so that signatures made with it count."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file and a name."""
        parser.add_argument("path", type=Path, help="a PEM file with one public key or one root certificate")
        parser.add_argument("--name", required=True, help="whose key this is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Trust the key; exit 1 with one line where it cannot be."""
        path: Path = options["path"]
        try:
            if path.stat().st_size > MAX_PEM:
                raise CommandError(f"{path} is larger than a key can be.")
            pem = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"{path} cannot be read: {problem}") from None
        actor = system("command line")
        try:
            key = trust_key(actor=actor, now=clock.now(), name=options["name"], pem=pem).value
        except DomainError as problem:
            raise CommandError(" ".join([problem.reason, *problem.fields.values()])) from None
        self.stdout.write(f"Trusted: {key.name}, {key.get_kind_display().lower()}, SHA-256 {key.fingerprint}")
