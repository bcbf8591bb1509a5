"""What people are told about exceptions: each fact once, in the transaction of what it tells of; links open pages."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from apps.core.actor import Actor
from apps.core.events import Subject
from apps.core.notices import Fact, NoticeKind, Templates
from apps.core.ui.words import day_text
from apps.governance.models import RiskException
from apps.governance.queries.exceptions import signers
from apps.notices.services import owe

KINDS = (
    NoticeKind(
        "governance.exception.waiting",
        "An exception waits for your signature",
        Templates("{who} asks to accept a risk: {about}", ("Until {until}", "{reason}"), "Open the exception"),
    ),
    NoticeKind(
        "governance.exception.decided",
        "Your exception was decided",
        Templates("{name}: {what}", ("{about}", "{why}"), "Open the exception"),
        may_opt_out=False,
    ),
    NoticeKind(
        "governance.exception.ends_soon",
        "An accepted risk ends soon",
        Templates("{name} ends in {days} days: {about}", ("Last day {until}",), "Renew it, or let it end"),
    ),
    NoticeKind(
        "governance.exception.ended",
        "An accepted risk ended",
        Templates("{name} ended: {about}", ("{why}", "{note}"), "Open the exception"),
        may_opt_out=False,
    ),
)
#: Days before the end on which it is told (ux.md §6).
WARN_DAYS = (14, 3)


def subject_of(row: RiskException) -> Subject:
    """Return an exception as the subject of an event."""
    return Subject("exception", str(row.pk), f"{row.name}: {row.label}"[:200])


def tell(
    kind: str, *, actor: Actor, row: RiskException, to: Iterable[UUID], once: str, now: datetime, **facts: Fact
) -> None:
    """Owe a fact about an exception to people; `once` names it within the exception."""
    common: dict[str, Fact] = {"name": row.name, "about": row.label, "until": day_text(row.ends_on)}
    owe(
        actor=actor,
        kind=kind,
        to_user_ids=list(to),
        subject=subject_of(row),
        facts=common | facts,
        url=f"/exceptions/{row.name}",
        once_key=f"exception:{row.number}:{once}",
        now=now,
    )


def tell_waiting(*, actor: Actor, row: RiskException, now: datetime) -> None:
    """Tell those whose role signs it, but who asked and who signed already."""
    known = {row.asked_by_id, *row.votes.values_list("voter_id", flat=True)}
    to = [key for key in signers(row.team_id).values_list("pk", flat=True) if key not in known]
    once = f"waiting:{row.state}"
    tell(
        "governance.exception.waiting", actor=actor, row=row, to=to, once=once, now=now,
        who=row.asked_by.name, reason=row.because,
    )  # fmt: skip


def concerned(row: RiskException) -> list[UUID]:
    """Return who asked and who signed."""
    return [row.asked_by_id, *row.votes.values_list("voter_id", flat=True)]


def tell_end_nears(*, actor: Actor, row: RiskException, now: datetime) -> None:
    """Tell, at most once for each warning, that it ends soon."""
    left = (row.ends_on - now.date()).days
    due = min((days for days in WARN_DAYS if left <= days), default=None)
    if due is not None:
        once, days = f"soon:{due}", max(left, 0)
        tell("governance.exception.ends_soon", actor=actor, row=row, to=concerned(row), once=once, now=now, days=days)


def last_warned_day(today: date) -> date:
    """Return the last end date of which somebody is warned on a day."""
    return today + timedelta(days=max(WARN_DAYS))
