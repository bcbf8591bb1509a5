"""Events as people read them: a row of the list, one event with what changed, counts per day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.db.models.functions import TruncDate
from django.urls import NoReverseMatch

from apps.audit import entry
from apps.audit.models import Details, Entry, EntryQuerySet, Verification
from apps.core.actor import Actor, Strength
from apps.core.events import EVENTS
from apps.core.subjects import SUBJECTS

HISTOGRAM_DAYS = 60
KIND_WORDS = {
    "person": "Person",
    "service": "Service account",
    "system": "The portal itself",
    "visitor": "Nobody signed in",
}
METHOD_WORDS = {
    Strength.PASSWORD: "password",
    Strength.TOKEN: "API token",
    Strength.SECOND_FACTOR: "password and second factor",
    Strength.PHISHING_RESISTANT: "passkey or security key",
    Strength.SYSTEM: "",
    Strength.NONE: "",
}
OUTCOMES = {"done": ("Done", "good"), "denied": ("Refused", "bad"), "unconfirmed": ("Not confirmed", "warn")}
OUTCOME_CHOICES = [(value, word) for value, (word, _) in OUTCOMES.items()]
ERASED = "Erased"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an event changed."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EventView:
    """An event with its details read, or marked as erased."""

    entry: Entry
    actor_label: str
    subject_label: str
    subject_url: str
    title: str
    reason: str
    erased_at: datetime | None
    fields: dict[str, Any]
    details: dict[str, Any]
    changes: list[Change] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)

    @property
    def leaf_hex(self) -> str:
        """Return the leaf hash, hexadecimal."""
        return bytes(self.entry.leaf).hex()

    @property
    def outcome(self) -> str:
        """Return the result in a word."""
        return OUTCOMES.get(self.entry.outcome, (self.entry.outcome.capitalize(), ""))[0]

    @property
    def tone(self) -> str:
        """Return the tone of the result."""
        return OUTCOMES.get(self.entry.outcome, ("", "neutral"))[1]

    @property
    def kind(self) -> str:
        """Return what kind of actor it was."""
        return KIND_WORDS.get(self.entry.actor_kind, self.entry.actor_kind.replace("_", " ").capitalize())

    @property
    def subject_kind(self) -> str:
        """Return the kind of subject in plain words."""
        known = SUBJECTS.get(self.entry.subject_kind)
        return known.title if known else self.entry.subject_kind.replace("_", " ").replace(".", " ").capitalize()

    @property
    def method(self) -> str:
        """Return how the actor had proven who they are."""
        said = str(self.fields["actor"].get("method", ""))
        return METHOD_WORDS.get(said, said)  # type: ignore[call-overload]


def visible_events(actor: Actor) -> EntryQuerySet:
    """Return the entries the actor may see, with their details, newest first."""
    found: EntryQuerySet = Entry.objects.visible_to(actor)
    return found.select_related("details").order_by("-at", "-pk")


def event_of(actor: Actor, log: str, seq: int) -> EventView | None:
    """Return one event the actor may see, or None (1 query)."""
    found = visible_events(actor).filter(log=log, seq=seq).first()
    return describe(found) if found is not None else None


def describe(found: Entry) -> EventView:
    """Return an entry as people read it. What cannot be read is shown empty here; verification says so."""
    details = _details(found)
    facts = details.get("facts") or {}
    fields = _read(found.body)
    fields.setdefault("actor", {})
    known = EVENTS.get(found.action) or EVENTS.get(found.action.removesuffix(".denied"))
    row = getattr(found, "details", None)
    changes, others = _changes(fields, facts if isinstance(facts, dict) else {"details": facts})
    return EventView(
        entry=found,
        actor_label=(row.actor_label if row else "") or found.actor_id,
        subject_label=(row.subject_label if row else "") or found.subject_id,
        subject_url=_url(found),
        title=known.title if known else found.action,
        reason=words(facts.get("reason", "")) if isinstance(facts, dict) else "",
        erased_at=row.erased_at if row else None,
        fields=fields,
        details=details,
        changes=changes,
        others=others,
    )


def _url(found: Entry) -> str:
    """Return the page of the subject; an id that its kind cannot have leads nowhere, and is no error here."""
    kind = SUBJECTS.get(found.subject_kind)
    try:
        return kind.url(found.subject_id) if kind else ""
    except (NoReverseMatch, ValueError):
        return ""


def _details(found: Entry) -> dict[str, Any]:
    row: Details | None = getattr(found, "details", None)
    return {} if row is None or row.content is None else _read(row.content)


def _read(stored: bytes | memoryview) -> dict[str, Any]:
    try:
        return entry.parse(stored)
    except ValueError:
        return {}


def words(value: Any) -> str:
    """Return a detail as one line of text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(words(item) for item in value)
    return str(value)


def _changes(fields: dict[str, Any], facts: dict[str, Any]) -> tuple[list[Change], list[tuple[str, str]]]:
    """Sort details into changes (a value with `before` and `after`, or two mappings of them) and other facts."""
    changes, others = [], []
    if fields.get("before") or fields.get("after"):
        changes.append(Change("State", str(fields.get("before") or ""), str(fields.get("after") or "")))
    left, right = facts.get("before"), facts.get("after")
    if isinstance(left, dict) or isinstance(right, dict):
        old, new = left if isinstance(left, dict) else {}, right if isinstance(right, dict) else {}
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        changes += [Change(label(name), words(old.get(name)), words(new.get(name))) for name in names]
        facts = {name: value for name, value in facts.items() if name not in ("before", "after")}
    for name, value in facts.items():
        if isinstance(value, dict) and set(value) == {"before", "after"}:
            changes.append(Change(label(name), words(value["before"]), words(value["after"])))
        else:
            others.append((label(name), words(value) or "none"))
    return changes, others


def label(name: str) -> str:
    """Return the key of a detail as a label."""
    return name.replace("_", " ").strip().capitalize()


def counts_per_day(events: EntryQuerySet) -> list[tuple[date, int]]:
    """Return events per UTC day over the last sixty days that the rows reach, days without events as 0 (2 queries)."""
    newest = events.order_by().aggregate(newest=Max("at"))["newest"]
    if newest is None:
        return []
    first = newest.date() - timedelta(days=HISTOGRAM_DAYS - 1)
    recent = events.order_by().filter(at__gte=newest - timedelta(days=HISTOGRAM_DAYS))
    counted = dict(recent.annotate(day=TruncDate("at")).values_list("day").annotate(Count("pk")))
    start = max(first, min(counted, default=first))
    days = (start + timedelta(days=offset) for offset in range((newest.date() - start).days + 1))
    return [(day, counted.get(day, 0)) for day in days]


@dataclass(frozen=True, slots=True)
class StatusLine:
    """The line on top of the page: what was verified, or where it does not verify."""

    mark: str
    tone: str
    text: str


def status_lines(found: Iterable[Verification], *, whole_log: bool) -> list[StatusLine]:
    """Return the status of each verification as sentences, bad news first; sizes only for who sees the whole log."""
    bad: list[StatusLine] = []
    good: dict[str, StatusLine] = {}
    for one in found:
        name, when = f"{one.log.capitalize()} log", f"{one.verified_at:%d %b %Y, %H:%M} UTC"
        if not one.ok:
            where = f"from event {one.first_bad_seq:,}" if one.first_bad_seq is not None else "as a whole"
            what = f": {one.problem}" if whole_log else ""
            bad.append(StatusLine(f"{name} does not verify", "bad", f"{where}{what} ({when})"))
        elif one.size:
            reach = f"to event {one.size - 1:,}, " if whole_log else ""
            by = "checkpoint" if one.by == "notary" else "whole verification"
            good[one.log] = StatusLine(f"{name} verified", "good", f"{reach}{by} of {when}")
    if not bad and not good:
        return [StatusLine("Not verified yet", "unknown", "the notary has not signed a checkpoint")]
    return bad or list(good.values())
