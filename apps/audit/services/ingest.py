"""Bringing the emergency journal into the log."""

import json
import logging
import os
import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.audit import entry
from apps.audit.models import LOGS, Entry
from apps.audit.services.append import append_acts
from apps.audit.services.journal import journal_path, locked
from apps.core import clock

log = logging.getLogger(__name__)

#: No transaction is open that long. An act still unconfirmed then met a crash around its commit.
CONFIRMED_WITHIN = timedelta(minutes=15)
UNCONFIRMED = "unconfirmed"


@dataclass(slots=True)
class _Journal:
    """What the journal holds: acts, the ids of those that were confirmed, and lines that cannot be read."""

    acts: list[entry.Act] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    damaged: list[bytes] = field(default_factory=list)


def ingest() -> int:
    """Bring the journal's acts into the log, marked late; return how many.

    An act whose commit was not confirmed waits, then goes in as unconfirmed: it may not have been done. The file is
    emptied after the commit, unless an act waits: what went in before is known by its id.
    """
    path = journal_path()
    if not path.exists() or not path.stat().st_size:
        return 0
    with locked(path) as stream:
        found = _read(stream.read())
        ready, waits = _ready(found, clock.now())
        with transaction.atomic():
            known = set(Entry.objects.filter(late__in=[act.late for act in ready]).values_list("late", flat=True))
            fresh = [act for act in ready if act.late not in known]
            if fresh:
                append_acts(fresh)
        if not waits:
            _keep_damaged(found.damaged)
            stream.truncate(0)
            os.fsync(stream.fileno())
    return len(fresh)


def _ready(found: _Journal, now: datetime) -> tuple[list[entry.Act], bool]:
    """Return the acts whose end is known or will never be, and whether any other waits."""
    ready = []
    for act in found.acts:
        if act.late in found.confirmed:
            ready.append(act)
        elif now - datetime.fromisoformat(act.facts["at"]) > CONFIRMED_WITHIN:
            ready.append(replace(act, facts={**act.facts, "outcome": UNCONFIRMED}))
    return ready, len(ready) < len(found.acts)


def _read(content: bytes) -> _Journal:
    found = _Journal()
    for line in content.splitlines():
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            if "confirmed" in fields:
                found.confirmed.update(str(uuid.UUID(key)) for key in fields["confirmed"])
            else:
                found.acts.append(_act(fields))
        except (ValueError, KeyError, TypeError, AttributeError):
            found.damaged.append(line)
    return found


def _act(fields: dict[str, Any]) -> entry.Act:
    act = entry.Act(fields["log"], fields["facts"], fields["details"], str(uuid.UUID(fields["id"])))
    if act.log not in LOGS:
        raise ValueError(f"no log {act.log}")
    entry.columns({**act.facts, "late": act.late})
    entry.labels(act.details)
    return act


def _keep_damaged(lines: list[bytes]) -> None:
    """Set aside lines that cannot be read (a write cut short by a power failure), for a person to look at."""
    if not lines:
        return
    log.error("audit journal has damaged lines", extra={"lines": len(lines)})
    with locked(journal_path().with_suffix(".damaged")) as stream:
        stream.write(b"\n".join(lines) + b"\n")
        os.fsync(stream.fileno())
