"""Exports written to the documented formats, and the import command run on them."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.core.management import call_command

from apps.inventory.importers.aws_credential_report import ROOT

ACCOUNT = "123456789012"
COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]
BLANK = {name: "false" if name.endswith(("_active", "_enabled")) else "N/A" for name in COLUMNS}


def aws_row(name: str, **values: str) -> dict[str, str]:
    """Return a row of a credential report: a user without password, keys and MFA, unless said otherwise."""
    place = "root" if name == ROOT else f"user/{name}"
    fixed = {"user": name, "arn": f"arn:aws:iam::{ACCOUNT}:{place}", "user_creation_time": "2024-03-01T08:00:00+00:00"}
    return {**BLANK, **fixed, **values}


def console(name: str, **values: str) -> dict[str, str]:
    """Return a user with a password that was used."""
    used = {"password_last_used": "2026-11-01T08:00:00+00:00", "password_last_changed": "2026-01-01T08:00:00+00:00"}
    return aws_row(name, **{"password_enabled": "true", **used, **values})


def table(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS, delimiter: str = ",") -> str:
    """Return rows as CSV without a line end after the last, as AWS writes it."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), delimiter=delimiter, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().rstrip("\n")


def write(path: Path, content: str | bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def imported(format: str, *paths: Path, **options: Any) -> dict[str, Any]:
    """Import paths with the command and return what it printed as JSON."""
    out = io.StringIO()
    call_command("import_inventory", format, *map(str, paths), json=True, stdout=out, **options)
    return dict(json.loads(out.getvalue()))


def totals(result: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Return created, updated, unchanged, gone."""
    return result["created"], result["updated"], result["unchanged"], result["gone"]
