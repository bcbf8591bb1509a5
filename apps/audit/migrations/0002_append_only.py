"""Triggers that keep the log append-only, on SQLite and PostgreSQL alike.

A later migration that makes SQLite rebuild one of these tables drops its triggers: it must run `install` again
(`audit_verify` reports a missing trigger).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

APPEND_ONLY = ("audit_entry", "audit_node", "audit_checkpoint")
TABLES = (*APPEND_ONLY, "audit_head", "audit_details")

HEAD_GROWS = "NEW.log = OLD.log AND NEW.origin = OLD.origin AND NEW.size > OLD.size"
ERASURE_ONLY = (
    "NEW.entry_id = OLD.entry_id AND OLD.content IS NOT NULL AND NEW.content IS NULL AND NEW.salt IS NULL"
    " AND NEW.actor_label = '' AND NEW.subject_label = '' AND NEW.erased_at IS NOT NULL"
)
#: Of each table: which UPDATE is let through ("" is none). No DELETE and no TRUNCATE of any is.
LET_THROUGH = dict.fromkeys(APPEND_ONLY, "") | {"audit_head": HEAD_GROWS, "audit_details": ERASURE_ONLY}


def sqlite(table: str, allowed: str) -> list[str]:
    """Return the statements of one table for SQLite."""
    unless = f"WHEN NOT COALESCE(({allowed}), 0)" if allowed else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_update",
        f"DROP TRIGGER IF EXISTS {table}_no_delete",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def postgresql(table: str, allowed: str) -> list[str]:
    """Return the statements of one table for PostgreSQL."""
    unless = f"WHEN (NOT COALESCE(({allowed}), false))" if allowed else ""
    refuse = "EXECUTE FUNCTION audit_refuse()"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_update ON {table}",
        f"DROP TRIGGER IF EXISTS {table}_no_delete ON {table}",
        f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {unless} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


REFUSE = """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def install(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install the triggers; safe to repeat."""
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(REFUSE, params=None)  # a % in it is the function's own
    for table, allowed in LET_THROUGH.items():
        for statement in (postgresql if vendor == "postgresql" else sqlite)(table, allowed):
            schema_editor.execute(statement)


def remove(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers, to unapply this migration on an empty database."""
    postgres = schema_editor.connection.vendor == "postgresql"
    for table in TABLES:
        for what in ("update", "delete", "truncate") if postgres else ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what}" + (f" ON {table}" if postgres else ""))
    if postgres:
        schema_editor.execute("DROP FUNCTION IF EXISTS audit_refuse()")


class Migration(migrations.Migration):
    """Append-only triggers."""

    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
