"""What the tests of the audit log append, and how they read it back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from apps.audit import checking
from apps.audit.models import Entry, Head
from apps.audit.queries.verification import rows
from apps.audit.services.append import Sink
from apps.audit.services.notary import notarise
from apps.core.actor import Actor, system
from apps.core.events import ACTIVITY, Occurrence, Subject, declare

CHANGED = declare("audittest.thing.changed", "Changed a thing", details=("note", "value", "before", "after"))
REMOVED = declare("audittest.thing.removed", "Removed a thing", details=("note",), reduces=True)
READ = declare("audittest.thing.read", "Read a thing", log=ACTIVITY, details=("note",))
NOW = datetime(2026, 11, 20, 6, 12, 30, 123456, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def append(count: int = 1, *, event=CHANGED, actor: Actor | None = None, start: int = 0, **details: object) -> None:
    """Append events in one transaction."""
    acts = [
        Occurrence(
            event, Subject("thing", str(start + n), f"Thing {start + n}"), {"note": f"note {start + n}", **details}
        )
        for n in range(count)
    ]
    with transaction.atomic():
        Sink().append(actor or system("tests"), acts, NOW + timedelta(seconds=start))


def sign(folder: Path):
    """Let the notary of the tests do one round."""
    return notarise(key=KEY, now=NOW, memory=folder)


def snapshot(name: str = "privileged") -> tuple[Head, list[checking.Row]]:
    """Return head and rows of a log as verification reads them."""
    return Head.objects.get(log=name), list(rows(name, 0))


def last() -> Entry:
    """Return the newest entry of the privileged log."""
    return Entry.objects.filter(log="privileged").select_related("details").latest("seq")
