"""Triggers that keep votes, receipts and messages append-only, on SQLite and PostgreSQL alike: they are evidence.

A later migration that makes SQLite rebuild one of these tables drops its triggers: it must run `install` again (a test
looks for them after the last migration).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("access_vote", "access_receipt", "access_requestmessage")

REFUSE = """
CREATE OR REPLACE FUNCTION access_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def sqlite(table: str) -> list[str]:
    """Return the statements of one table for SQLite."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_update",
        f"DROP TRIGGER IF EXISTS {table}_no_delete",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def postgresql(table: str) -> list[str]:
    """Return the statements of one table for PostgreSQL."""
    refuse = "EXECUTE FUNCTION access_refuse()"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_update ON {table}",
        f"DROP TRIGGER IF EXISTS {table}_no_delete ON {table}",
        f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def install(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install the triggers; safe to repeat."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(REFUSE, params=None)  # a % in it is the function's own
    for table in TABLES:
        for statement in (postgresql if vendor == "postgresql" else sqlite)(table):
            schema_editor.execute(statement)


def remove(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers, to unapply this migration on an empty database."""
    postgres = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        for what in ("update", "delete", "truncate") if postgres else ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what}" + (f" ON {table}" if postgres else ""))
    if postgres:
        schema_editor.execute("DROP FUNCTION IF EXISTS access_refuse()")


class Migration(migrations.Migration):
    """Append-only triggers."""

    dependencies = [("access", "0002_grants_in_work")]
    operations = [migrations.RunPython(install, remove)]
