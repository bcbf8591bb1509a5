"""The one object per mutation: transaction, time, audit.

A command is called with keywords, `actor` among them. The outermost command opens the transaction, reads database
time once and passes it as `now`, and appends the events of all nested commands in one batch, last, in a savepoint.
A refusal (Forbidden) is appended as `.denied` in a fresh transaction after the rollback. A reduction whose append
failed is kept outside the database before the commit and confirmed after it, so that no crash loses its record.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Protocol, TypeVar

from django.db import transaction

from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import Forbidden
from apps.core.events import Event, Occurrence, Subject

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Changed:
    """Something changed: the subject, the details of the event, and what the caller wants back."""

    subject: Subject
    details: dict[str, object] = field(default_factory=dict)
    value: Any = None
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing changed; nothing is appended."""

    value: Any = None


Outcome = Changed | Unchanged


class AuditSink(Protocol):
    """Where events go. The audit app installs itself; without a sink no command runs."""

    def append(self, actor: Actor, occurrences: list[Occurrence], now: Any) -> None:
        """Append within the open transaction."""

    def append_late(self, actor: Actor, occurrences: list[Occurrence], now: Any) -> Callable[[], None]:
        """Keep reductions whose append failed, outside the database; return what confirms them after the commit."""


_sink: AuditSink | None = None
_open_frame: ContextVar["_Frame | None"] = ContextVar("command_frame", default=None)


@dataclass(slots=True)
class _Frame:
    occurrences: list[Occurrence] = field(default_factory=list)

    def record(self, event: Event, outcome: Outcome) -> None:
        if isinstance(outcome, Changed):
            self.occurrences.append(
                Occurrence(event, outcome.subject, outcome.details, "done", outcome.before, outcome.after)
            )


def install_sink(sink: AuditSink) -> None:
    """Install the audit log; called once from `audit.apps.ready`."""
    global _sink
    _sink = sink


def _require_sink() -> AuditSink:
    if _sink is None:
        raise RuntimeError("no audit log is installed: commands do not run unrecorded")
    return _sink


def command(event: Event) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Make a function a command that reports `event`.

    The function takes keywords only, `actor` and `now` among them (`now` is supplied when the caller gives none), and
    returns Changed or Unchanged. Raises TypeError without an actor.
    """

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> R:
            actor = kwargs.get("actor")
            if not isinstance(actor, Actor):
                raise TypeError(f"{function.__name__} needs an actor")
            outer = _open_frame.get()
            if outer is not None:
                kwargs.setdefault("now", clock.now())
                result = function(*args, **kwargs)
                outer.record(event, result)  # type: ignore[arg-type]
                return result
            return _run_outermost(event, actor, function, args, kwargs)

        run.event = event  # type: ignore[attr-defined]
        return run

    return decorate


def _run_outermost(event: Event, actor: Actor, function: Callable[..., R], args: Any, kwargs: dict[str, Any]) -> R:
    sink = _require_sink()
    frame = _Frame()
    token = _open_frame.set(frame)
    try:
        with transaction.atomic():
            if kwargs.get("now") is None:
                kwargs["now"] = clock.now()
            result = function(*args, **kwargs)
            frame.record(event, result)  # type: ignore[arg-type]
            _append(sink, actor, frame.occurrences, kwargs["now"])
    except Forbidden as refusal:
        _append_denial(sink, event, actor, refusal, kwargs)
        raise
    finally:
        _open_frame.reset(token)
    return result


def _append(sink: AuditSink, actor: Actor, occurrences: list[Occurrence], now: Any) -> None:
    """Append last, in a savepoint; keep what could not be appended although it must not wait, before the commit."""
    if not occurrences:
        return
    try:
        with transaction.atomic():
            sink.append(actor, occurrences, now)
    except Exception:
        if not all(occurrence.event.reduces for occurrence in occurrences):
            raise
        transaction.on_commit(sink.append_late(actor, occurrences, now))


def _append_denial(sink: AuditSink, event: Event, actor: Actor, refusal: Forbidden, kwargs: dict[str, Any]) -> None:
    denied = Event(f"{event.name}.denied", f"{event.title}: refused", event.log, ("reason",))
    subject = kwargs.get("subject")
    if not isinstance(subject, Subject):
        subject = Subject("command", event.name, event.title)
    now = kwargs.get("now") or clock.now()
    with transaction.atomic():
        sink.append(actor, [Occurrence(denied, subject, {"reason": refusal.reason}, "denied")], now)


def record(event: Event, *, actor: Actor, subject: Subject, details: dict[str, object] | None = None) -> None:
    """Append one event outside a command: reads and exports that are themselves logged, and library-made changes."""
    sink = _require_sink()
    occurrence = Occurrence(event, subject, details or {})
    frame = _open_frame.get()
    if frame is not None:
        frame.occurrences.append(occurrence)
        return
    with transaction.atomic():
        sink.append(actor, [occurrence], clock.now())
