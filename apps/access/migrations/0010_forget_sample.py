"""The sample organisation can be forgotten: the triggers let go of evidence whose number `Forgotten` names.

Everything else stays append-only, updates always. Truncating stays refused.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

#: Table, the kind of number its rows belong to, and the column that holds it.
TABLES = (
    ("access_vote", "request", "request_id"),
    ("access_requestmessage", "request", "request_id"),
    ("access_receipt", "grant", "grant_id"),
)


def sqlite(table: str, kind: str, column: str) -> list[str]:
    """Return the statements of one table for SQLite."""
    named = f"SELECT 1 FROM access_forgotten WHERE kind = '{kind}' AND number = OLD.{column}"  # noqa: S608
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_delete",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS ({named}) {refuse}",
    ]


def postgresql(table: str, kind: str, column: str) -> list[str]:
    """Return the statements of one table for PostgreSQL."""
    return [
        f"""
        CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT 1 FROM access_forgotten WHERE kind = '{kind}' AND number = OLD.{column}) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """,  # noqa: S608
        f"DROP TRIGGER IF EXISTS {table}_no_delete ON {table}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_guard()",
    ]


def install(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Replace the triggers of deletions; safe to repeat."""
    statements = postgresql if schema_editor.connection.vendor == "postgresql" else sqlite
    for table, kind, column in TABLES:
        for statement in statements(table, kind, column):
            schema_editor.execute(statement, params=None)  # a % in it is the function's own


class Migration(migrations.Migration):
    """What may be forgotten, and triggers that ask for it."""

    dependencies = [("access", "0009_grant_password")]
    operations = [
        migrations.CreateModel(
            name="Forgotten",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("request", "Request"), ("grant", "Grant")], max_length=7)),
                ("number", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "number"), name="forgotten_once")],
            },
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
