"""Importing an AWS credential report beside COPY of the rows it becomes."""

import io
import tempfile
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from apps.core.actor import system
from apps.inventory.formats import InputFile
from apps.inventory.models import Import
from apps.inventory.services.intake import import_files
from bench.measure import Ratio, timed

FORMAT = "aws-iam-credential-report"
TABLES = ("inventory_identity", "inventory_factor", "inventory_credential")
HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,"
    "access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,"
    "cert_2_last_rotated"
)


def imports(pairs: int, rows: int) -> list[Ratio]:
    """Measure pairs of an import of a new account and COPY of the same rows; then the same file once more."""
    indexed = Ratio(f"import of {rows:,} identities / COPY into equal tables with their indexes", 10)
    bare = Ratio(f"import of {rows:,} identities / COPY into equal tables without index", 0)
    again = Ratio("the same file again / its first import", 0)
    for pair in range(pairs):
        with tempfile.TemporaryDirectory(prefix="ztportal-bench-") as folder:
            path = Path(folder) / "credential_report.csv"
            write_report(path, rows, account=f"{444455556000 + pair}")
            with timed() as first:
                owner = _import(path)
            copies = {table: _rows_of(table, owner) for table in TABLES}
            with_indexes, without = (_copy(copies, keep) for keep in ("INCLUDING ALL", "INCLUDING DEFAULTS"))
            with timed() as second:
                repeated = _import(path)
        if owner.created != rows or repeated.unchanged != rows:
            raise SystemExit(f"created {owner.created}, then unchanged {repeated.unchanged}, of {rows}")
        indexed.add(first.seconds, with_indexes)
        bare.add(first.seconds, without)
        again.add(second.seconds, first.seconds)
        print(
            f"  import {first.seconds:.1f} s, COPY {with_indexes:.1f} s, bare {without:.1f} s, "
            f"again {second.seconds:.1f} s"
        )
    return [indexed, bare, again]


def write_report(path: Path, rows: int, account: str) -> None:
    """Write a credential report: half have a password, two of three a factor, half a key, a tenth a second one."""
    with path.open("w", encoding="utf-8") as out:
        out.write(HEADER + "\n")
        for n in range(rows):
            day = f"2026-{1 + n % 9:02d}-{1 + n % 28:02d}T{n % 24:02d}:00:00+00:00"
            password = f"true,{day},{day},N/A" if n % 2 else "false,N/A,N/A,N/A"
            first = f"true,{day},{day},eu-west-1,s3" if n % 2 == 0 else "false,N/A,N/A,N/A,N/A"
            other = f"true,{day},N/A,N/A,N/A" if n % 10 == 0 else "false,N/A,N/A,N/A,N/A"
            mfa = "true" if n % 3 else "false"
            arn = f"arn:aws:iam::{account}:user/team-{n % 40}/user-{n}"
            out.write(f"user-{n},{arn},{day},{password},{mfa},{first},{other},false,N/A,false,N/A\n")


def _import(path: Path) -> Import:
    return import_files(actor=system("bench"), format=FORMAT, files=[InputFile(path, path.name, path.stat().st_size)])


def _rows_of(table: str, owner: Import) -> bytes:
    """Return the rows that the import wrote, as COPY gives them."""
    out = io.BytesIO()
    with connection.cursor() as cursor:
        query: Any = f"COPY (SELECT * FROM {table} WHERE last_import_id = '{owner.pk}') TO STDOUT"
        with cursor.copy(query) as copy:
            for part in copy:
                out.write(part)
    return out.getvalue()


def _copy(copies: dict[str, bytes], keep: str) -> float:
    """Load the rows into new, empty tables of the same columns in one transaction; return the seconds."""
    with connection.cursor() as cursor:
        for table in copies:
            cursor.execute(f"DROP TABLE IF EXISTS bench_{table}")
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} {keep})")
        with timed() as took, transaction.atomic():
            for table, rows in copies.items():
                with cursor.copy(f"COPY bench_{table} FROM STDIN") as copy:
                    copy.write(rows)
        for table in copies:
            cursor.execute(f"DROP TABLE bench_{table}")
    return took.seconds
