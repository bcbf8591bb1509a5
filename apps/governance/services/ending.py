"""How exceptions end: taken back, at their date, when their compensating check is not met, or when there is no need."""

from collections.abc import Iterator
from datetime import date, datetime

from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, command
from apps.core.errors import Conflict
from apps.governance.events import EXCEPTION_ENDED
from apps.governance.models import RiskException
from apps.governance.references import CHECKS, REFERENCES, RESULTS, evidence_of
from apps.governance.rules.exceptions import can_withdraw
from apps.governance.services.signing import locked
from apps.governance.services.telling import concerned, last_warned_day, subject_of, tell, tell_end_nears
from apps.governance.states import EXCEPTION_MACHINE, OPEN_EXCEPTIONS, WAITING_EXCEPTIONS, EndReason, ExceptionState

ACTOR = system("reconciler")
Ending = tuple[RiskException, EndReason, str]


@command(EXCEPTION_ENDED)
def withdraw(*, actor: Actor, exception: RiskException, note: str = "", now: datetime) -> Changed:
    """End an exception that waits or is active. Raises Forbidden, Conflict when it ended meanwhile."""
    row = locked(exception)
    can_withdraw(actor, row).require()
    return _ended(actor, row, EndReason.WITHDRAWN, note, now)


@command(EXCEPTION_ENDED)
def end(*, actor: Actor, exception: RiskException, why: EndReason, note: str, now: datetime) -> Changed:
    """End an exception for a reason that the portal found. Raises Conflict when it ended meanwhile."""
    return _ended(actor, exception, why, note, now)


def _ended(actor: Actor, row: RiskException, why: EndReason, note: str, now: datetime) -> Changed:
    before = RiskException.objects.values_list("state", flat=True).get(pk=row.pk)
    if before not in OPEN_EXCEPTIONS:
        raise Conflict(f"{row.name} is over already.")
    changes = {"ended_at": now, "end_reason": why, "end_note": note.strip()[:500], "ended_by": actor.label}
    EXCEPTION_MACHINE.move(RiskException.objects.all(), pk=row.pk, before=before, after=ExceptionState.ENDED, **changes)
    row.refresh_from_db()
    words = {"why": str(why.label), "note": row.end_note}
    if before == ExceptionState.ACTIVE:
        tell("governance.exception.ended", actor=actor, row=row, to=concerned(row), once="ended", now=now, **words)
    elif why != EndReason.WITHDRAWN:
        tell(
            "governance.exception.decided", actor=actor, row=row, to=[row.asked_by_id], once="decided", now=now,
            what="it is no longer asked for", why=str(why.label),
        )  # fmt: skip
    details: dict[str, object] = {"why": str(why), "note": row.end_note}
    return Changed(subject_of(row), details, value=row, before=before, after=ExceptionState.ENDED)


def end_unfounded(*, actor: Actor, now: datetime, today: date | None = None) -> int:
    """End the open exceptions that no longer hold; return how many. Called by every run before it accepts anything.

    `today` is the day that end dates are held against: a run's own, which may lie before `now`.
    Few rows at a time: what has to end is found in one query for each kind of cause, whatever the number in force.
    """
    ended = 0
    for row, why, note in _unfounded(today or now.date()):
        try:
            end(actor=actor, exception=row, why=why, note=note, now=now)
        except Conflict:
            continue
        ended += 1
    return ended


def _unfounded(today: date) -> Iterator[Ending]:
    """Yield what has to end, each once: past its date, over, or without its compensating check."""
    seen = set()
    rows = RiskException.objects.filter(state__in=OPEN_EXCEPTIONS)
    for row in rows.filter(ends_on__lt=today):
        seen.add(row.pk)
        yield row, EndReason.EXPIRED, ""
    for source in REFERENCES:
        for row in source.over(rows.filter(kind=source.kind)):
            if row.pk not in seen:
                seen.add(row.pk)
                yield row, EndReason.OVER, ""
    results = RESULTS.get(CHECKS)
    if results is None:
        return
    for row in results.unmet(rows.filter(state=ExceptionState.ACTIVE)):
        if row.pk not in seen:
            evidence = evidence_of(row)
            yield row, EndReason.UNMET, f"{row.comp_check} of {row.comp_label}: {evidence.outcome or 'not judged'}"


def end_due() -> int:
    """Write down which exceptions are over, and tell of those that end soon; return how many ended."""
    now = clock.now()
    ended = end_unfounded(actor=ACTOR, now=now)
    for row in RiskException.objects.in_force(now.date()).filter(ends_on__lte=last_warned_day(now.date())):
        tell_end_nears(actor=ACTOR, row=row, now=now)
    return ended


def offboard(actor: Actor, user: User, now: datetime) -> None:
    """Take part in a person's deactivation: what the leaver asked for and nobody signed yet is taken back.

    What is in force stays: its signers answer for it, and it ends by itself.
    """
    for row in RiskException.objects.filter(asked_by=user, state__in=WAITING_EXCEPTIONS).order_by("number"):
        end(actor=actor, exception=row, why=EndReason.WITHDRAWN, note=f"{user.name} was deactivated.", now=now)
