"""The entry: what an act becomes when it is written down. docs/audit.md describes the format field by field."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.audit import canonical
from apps.audit.models import ID_WIDTH, LABEL_WIDTH
from apps.core.actor import Actor
from apps.core.events import Occurrence

VERSION = 1
SALT_SIZE = 32
KIND_WIDTH = 64
SHORT_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happened, in plain JSON values: `facts` go into the entry, `details` into the erasable row."""

    log: str
    facts: dict[str, Any]
    details: dict[str, Any]
    late: str | None = None


def act_of(actor: Actor, occurrence: Occurrence, now: datetime) -> Act:
    """Return the act of one occurrence. Names, addresses and free text are details; ids and states are facts."""
    facts = {
        "at": canonical.instant(now),
        "actor": {
            "kind": actor.kind,
            "id": str(actor.id),
            "credential": actor.credential,
            "method": str(actor.strength),
        },
        "on_behalf_of": getattr(actor, "on_behalf_of", "") or None,
        "action": occurrence.event.name,
        "subject": {"kind": occurrence.subject.kind, "id": str(occurrence.subject.id)},
        "before": occurrence.before,
        "after": occurrence.after,
        "outcome": occurrence.outcome,
        "request_id": actor.request_id,
    }
    details = {
        "actor": actor.label,
        "subject": occurrence.subject.label,
        "from": actor.origin,
        "facts": occurrence.details,
    }
    return Act(occurrence.event.log, canonical.plain(facts), canonical.plain(details))


def commitment(salt: bytes, content: bytes) -> str:
    """Return the commitment to details: SHA-256(salt ‖ content), hexadecimal."""
    return hashlib.sha256(salt + content).hexdigest()


def body(act: Act, *, origin: str, seq: int, details_commit: str) -> bytes:
    """Return the exact bytes of the entry, the leaf of the tree."""
    return canonical.encode(
        {
            "v": VERSION,
            "origin": origin,
            "seq": seq,
            **act.facts,
            "late": act.late,
            "details_commit": details_commit,
        }
    )


def columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the search columns of a parsed entry body; raise KeyError, TypeError or ValueError when it is none."""
    return {
        "at": datetime.fromisoformat(fields["at"]),
        "actor_kind": canonical.column(fields["actor"]["kind"], SHORT_WIDTH),
        "actor_id": canonical.column(fields["actor"]["id"], ID_WIDTH),
        "action": canonical.column(fields["action"], ID_WIDTH),
        "subject_kind": canonical.column(fields["subject"]["kind"], KIND_WIDTH),
        "subject_id": canonical.column(fields["subject"]["id"], ID_WIDTH),
        "outcome": canonical.column(fields["outcome"], SHORT_WIDTH),
        "request_id": canonical.column(fields["request_id"], ID_WIDTH),
        "late": fields["late"],
    }


def labels(details: dict[str, Any]) -> dict[str, str]:
    """Return the label columns of parsed details."""
    return {
        "actor_label": canonical.column(details["actor"], LABEL_WIDTH),
        "subject_label": canonical.column(details["subject"], LABEL_WIDTH),
    }


def parse(stored: bytes | memoryview) -> dict[str, Any]:
    """Return the fields of stored bytes; raise ValueError when they are not a JSON object."""
    fields = json.loads(bytes(stored))
    if not isinstance(fields, dict):
        raise ValueError("not an object")
    return fields
