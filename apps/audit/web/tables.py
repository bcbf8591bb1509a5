"""Columns of the audit log's exports; each takes an EventView."""

from apps.core.web.exports import Column

COLUMNS = [
    Column("log", "Log", lambda event: event.entry.log),
    Column("number", "Number", lambda event: event.entry.seq),
    Column("at", "Time (UTC)", lambda event: event.entry.at),
    Column("actor_kind", "Actor kind", lambda event: event.entry.actor_kind),
    Column("actor_id", "Actor id", lambda event: event.entry.actor_id),
    Column("actor", "Actor", lambda event: event.actor_label),
    Column("via", "Proven by", lambda event: event.method),
    Column("action", "Action", lambda event: event.title),
    Column("code", "Code", lambda event: event.entry.action),
    Column("subject_kind", "Object kind", lambda event: event.entry.subject_kind),
    Column("subject_id", "Object id", lambda event: event.entry.subject_id),
    Column("subject", "Object", lambda event: event.subject_label),
    Column("outcome", "Result", lambda event: event.entry.outcome),
    Column("reason", "Reason", lambda event: event.reason),
    Column("changes", "Changes", lambda event: "; ".join(f"{c.what}: {c.before} → {c.after}" for c in event.changes)),
    Column("details", "Details", lambda event: "; ".join(f"{label}: {value}" for label, value in event.others)),
    Column("from", "From", lambda event: event.details.get("from", "")),
    Column("request", "Request", lambda event: event.entry.request_id),
    Column("leaf", "Leaf hash", lambda event: event.leaf_hex),
]
