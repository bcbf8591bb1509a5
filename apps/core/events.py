"""Audit event declarations. Each app lists its own in its `events.py` through `declare`."""

from dataclasses import dataclass, field

from apps.core.registry import Registry

PRIVILEGED = "privileged"
ACTIVITY = "activity"


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of audit event: its name, its plain words, the log it goes to and the keys its details may have.

    `reduces` marks changes that take rights away: they never wait for the audit log (reliability.md §3, Failure).
    """

    name: str
    title: str
    log: str = PRIVILEGED
    details: tuple[str, ...] = ()
    reduces: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What is acted on: kind and id, and a label for people."""

    kind: str
    id: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that happened, ready to be appended."""

    event: Event
    subject: Subject
    details: dict[str, object] = field(default_factory=dict)
    outcome: str = "done"
    before: str = ""
    after: str = ""


EVENTS: Registry[Event] = Registry("audit event")


def declare(
    name: str, title: str, *, log: str = PRIVILEGED, details: tuple[str, ...] = (), reduces: bool = False
) -> Event:
    """Register and return an event; the name is `app.noun.verb`."""
    return EVENTS.register(name, Event(name, title, log, details, reduces))
