"""`manage.py import_inventory FORMAT PATH...`: import files of a vendor format."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.actor import system
from apps.core.errors import DomainError
from apps.core.text import display
from apps.inventory.formats import FORMATS
from apps.inventory.importing.collect import collect
from apps.inventory.importing.detect import AUTO
from apps.inventory.importing.lease import LostLease
from apps.inventory.importing.times import instant
from apps.inventory.queries.import_result import import_result
from apps.inventory.services.intake import import_files

REFUSED = 2


class Command(BaseCommand):
    """Import files; exit 0 when they were taken, 2 when they were refused whole."""

    help = "Import files of a vendor format into the inventory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("format", metavar="FORMAT", help=f"{', '.join([*FORMATS.names(), AUTO])}")
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file, or a folder with its files")
        parser.add_argument(
            "--source", default="", metavar="NAME", help="name of the source, else taken from the content"
        )
        parser.add_argument("--observed-at", metavar="T", help="when the export was made (ISO 8601), else now")
        parser.add_argument("--accept-shrink", action="store_true", help="take a file under half the size of the last")
        parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="where a field stands")
        parser.add_argument(
            "--default-permission", default="", metavar="LEVEL", help="mlflow-auth: what a user without a row may do"
        )
        parser.add_argument("--dry-run", action="store_true", help="tell what would change, change nothing")
        parser.add_argument("--json", action="store_true", help="print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the import and print its result."""
        try:
            owner = import_files(
                actor=system("import_inventory"),
                format=options["format"],
                files=collect(options["paths"]),
                source_name=options["source"],
                observed_at=_time(options["observed_at"]),
                accept_shrink=options["accept_shrink"],
                options=_options(options),
                dry_run=options["dry_run"],
            )
        except DomainError as refusal:
            raise CommandError(_line(refusal.reason), returncode=REFUSED) from None
        except LostLease as problem:
            raise CommandError(_line(f"Another process took over: {problem}."), returncode=REFUSED) from None
        except OSError as problem:
            raise CommandError(
                _line(f"{problem.filename} cannot be read: {problem.strerror}."), returncode=REFUSED
            ) from None
        result = import_result(owner)
        if options["json"]:
            self.stdout.write(json.dumps(result, indent=2))
            return
        self._tell(result, dry_run=options["dry_run"])

    def _tell(self, result: dict[str, Any], *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        counts = ", ".join(f"{result[name]:,} {would}{name}" for name in ("created", "updated", "unchanged", "gone"))
        pages = "" if result["complete"] else "; not complete, so nothing missing is taken for gone"
        self.stdout.write(f"{display(result['source'])} ({result['format']}, {result['observed_at']}): {counts}{pages}")
        for kind, count in result["by_kind"].items():
            self.stdout.write(
                f"  {kind.replace('_', ' ')}: " + ", ".join(f"{n:,} {name}" for name, n in count.items() if n)
            )
        for item in result["not_evaluated"]:
            self.stdout.write(display(f"  not evaluated, {item['kind']} {item['records']:,}: {item['what']}"))
        for item in result["rejected"]:
            self.stdout.write(display(f"  rejected {item['file']}, {item['where']}: {item['reason']}"))


def _line(text: str) -> str:
    return " ".join(display(text).split())


def _time(text: str | None) -> Any:
    if not text:
        return None
    try:
        return instant(text)
    except ValueError:
        raise CommandError(
            f"--observed-at {text!r} is not a time such as 2026-11-20T06:00:00Z.", returncode=REFUSED
        ) from None


def _options(given: dict[str, Any]) -> dict[str, str]:
    found = _mapping(given["map"])
    return {**found, "default_permission": given["default_permission"]} if given["default_permission"] else found


def _mapping(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        field, separator, column = pair.partition("=")
        if not separator or not field or not column:
            raise CommandError(f"--map {pair!r} is not FIELD=COLUMN.", returncode=REFUSED)
        found[field.strip()] = column.strip()
    return found
