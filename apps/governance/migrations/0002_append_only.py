"""Triggers that keep exceptions and their votes as they were signed, on SQLite and PostgreSQL alike: they are evidence.

A vote never changes; what an exception was asked for never changes, only where it stands; neither is deleted, but for
what `governance_forgottenexception` names (the sample organisation). A later migration that makes SQLite rebuild one of
these tables drops its triggers: it must run `install` again (a test looks for them after the last migration).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

EXCEPTION, VOTE = "governance_riskexception", "governance_exceptionvote"
#: What may change is where it stands, and which team it belongs to when that is removed.
FIXED = (
    "id", "number", "kind", "key", "label", "severity", "covers_check", "covers_kind", "covers_id", "because",
    "comp_check", "comp_kind", "comp_id", "comp_label", "ends_on", "asked_by_id", "asked_at", "needed",
)  # fmt: skip
#: Table, the column that names the exception, and the columns that never change (none: not one does).
TABLES: tuple[tuple[str, str, tuple[str, ...]], ...] = ((EXCEPTION, "id", FIXED), (VOTE, "exception_id", ()))


def sqlite(table: str, column: str, fixed: tuple[str, ...]) -> list[str]:
    """Return the statements of one table for SQLite."""
    named = f"SELECT 1 FROM governance_forgottenexception WHERE exception = OLD.{column}"  # noqa: S608
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    of = f"UPDATE OF {', '.join(fixed)}" if fixed else "UPDATE"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_update",
        f"DROP TRIGGER IF EXISTS {table}_no_delete",
        f"CREATE TRIGGER {table}_no_update BEFORE {of} ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS ({named}) {refuse}",
    ]


def postgresql(table: str, column: str, fixed: tuple[str, ...]) -> list[str]:
    """Return the statements of one table for PostgreSQL."""
    of = f"UPDATE OF {', '.join(fixed)}" if fixed else "UPDATE"
    return [
        f"""
        CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF EXISTS (SELECT 1 FROM governance_forgottenexception WHERE exception = OLD.{column}) THEN
                    RETURN OLD;
                END IF;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """,  # noqa: S608
        f"DROP TRIGGER IF EXISTS {table}_no_update ON {table}",
        f"DROP TRIGGER IF EXISTS {table}_no_delete ON {table}",
        f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        f"CREATE TRIGGER {table}_no_update BEFORE {of} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_guard()",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_guard()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_guard()",
    ]


def install(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install the triggers; safe to repeat."""
    statements = postgresql if schema_editor.connection.vendor == "postgresql" else sqlite
    for table, column, fixed in TABLES:
        for statement in statements(table, column, fixed):
            schema_editor.execute(statement, params=None)  # a % in it is the function's own


def remove(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers, to unapply this migration on an empty database."""
    postgres = schema_editor.connection.vendor == "postgresql"
    for table, _, _ in TABLES:
        for what in ("update", "delete", "truncate") if postgres else ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what}" + (f" ON {table}" if postgres else ""))
        if postgres:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_guard()")


class Migration(migrations.Migration):
    """Append-only triggers."""

    dependencies = [("governance", "0001_exceptions")]
    operations = [migrations.RunPython(install, remove)]
