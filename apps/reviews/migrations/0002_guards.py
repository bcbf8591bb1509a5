"""Triggers, on SQLite and PostgreSQL alike, for what no service may get wrong.

- Answers, bulks, samples, routings and proofs are append-only.
- The snapshot of an item never changes once it has its digest; an answer never changes once it is sealed.
- Items of an opened campaign are not deleted.
- A campaign does not close while the removal of an item is not proven (governance.md §5, invariant 16).

Only what belongs to a campaign that `reviews_forgotten` names (the sample organisation) may be deleted. A later
migration that makes SQLite rebuild one of these tables drops its triggers: it must run `install` again (a test looks
for them after the last migration).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

OF_ITEM = "(SELECT campaign_id FROM reviews_item WHERE number = OLD.{})"
#: Table → its campaign.
APPEND_ONLY = {
    "reviews_decision": "OLD.campaign_id",
    "reviews_bulk": "OLD.campaign_id",
    "reviews_sample": "OLD.campaign_id",
    "reviews_routing": OF_ITEM.format("item_id"),
    "reviews_proof": OF_ITEM.format("removal_id"),
}
SNAPSHOT = (
    "campaign_id, subject_kind, subject_id, holder_kind, holder_label, holder_title, holder_team, holder_login,"
    " holder_email, holder_person_id, holder_user_id, asset_id, asset_label, operation, tier, privileged, origin,"
    " granted_at, expires_at, last_used_at, never_used, peers_with, peers_of, sole_approver_id, sole_principal_id,"
    " reasons, digest"
)
OPENED = "EXISTS (SELECT 1 FROM reviews_campaign WHERE number = OLD.campaign_id AND opened_at IS NOT NULL)"
UNPROVEN = (
    "EXISTS (SELECT 1 FROM reviews_item WHERE campaign_id = NEW.number AND (state IN"
    " ('open', 'decided', 'remediating', 'failed') OR (state = 'sealed' AND decision IN ('revoke', 'reduce'))))"
)
LATE = "OLD.state NOT IN ('open', 'decided') AND (NEW.decision <> OLD.decision OR NEW.stage <> OLD.stage)"


def kept(campaign: str) -> str:
    """Return the condition under which a row of this campaign may not be deleted."""
    return f"NOT EXISTS (SELECT 1 FROM reviews_forgotten WHERE number = {campaign})"  # noqa: S608


def guards() -> list[tuple[str, str, str, str, str]]:
    """Return table, name, event, condition and message of each trigger."""
    rows = []
    for table, campaign in APPEND_ONLY.items():
        rows.append((table, "no_update", "UPDATE", "1 = 1", f"{table} is append-only"))
        rows.append((table, "no_delete", "DELETE", kept(campaign), f"{table} is append-only"))
    item = "reviews_item"
    frozen = "the snapshot of an item never changes"
    rows.append((item, "snapshot", f"UPDATE OF {SNAPSHOT}", "OLD.digest <> ''", frozen))
    rows.append((item, "late", "UPDATE OF decision, stage", LATE, "this item is sealed"))
    rows.append((item, "no_delete", "DELETE", f"{OPENED} AND {kept('OLD.campaign_id')}", "this campaign was opened"))
    closing = f"NEW.state = 'closed' AND OLD.state <> 'closed' AND {UNPROVEN}"
    rows.append(("reviews_campaign", "close", "UPDATE OF state", closing, "a removal is not proven"))
    return rows


def sqlite(table: str, name: str, event: str, condition: str, message: str) -> list[str]:
    """Return the statements of one trigger for SQLite."""
    return [
        f"DROP TRIGGER IF EXISTS {table}_{name}",
        (
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        ),
    ]


def postgresql(table: str, name: str, event: str, condition: str, message: str) -> list[str]:
    """Return the statements of one trigger for PostgreSQL."""
    back = "OLD" if event == "DELETE" else "NEW"
    return [
        f"""
        CREATE OR REPLACE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {condition} THEN
                RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN {back};
        END
        $$
        """,
        f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}",
        f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_{name}()",
    ]


def truncation(table: str) -> list[str]:
    """Return the statements that refuse TRUNCATE, which row triggers do not see, on PostgreSQL."""
    return [
        f"""
        CREATE OR REPLACE FUNCTION {table}_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation';
        END
        $$
        """,
        f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
        (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {table}_no_truncate()"
        ),
    ]


def install(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install the triggers; safe to repeat."""
    postgres = schema_editor.connection.vendor == "postgresql"
    for guard in guards():
        for statement in (postgresql if postgres else sqlite)(*guard):
            schema_editor.execute(statement, params=None)
    for table in (*APPEND_ONLY, "reviews_item") if postgres else ():
        for statement in truncation(table):
            schema_editor.execute(statement, params=None)


def remove(apps: StateApps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the triggers, to unapply this migration on an empty database."""
    postgres = schema_editor.connection.vendor == "postgresql"
    names = [(table, name) for table, name, *_ in guards()]
    names += [(table, "no_truncate") for table in (*APPEND_ONLY, "reviews_item")] if postgres else []
    for table, name in names:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{name}" + (f" ON {table}" if postgres else ""))
        if postgres:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_{name}()")


class Migration(migrations.Migration):
    """Guards in the database."""

    dependencies = [("reviews", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
