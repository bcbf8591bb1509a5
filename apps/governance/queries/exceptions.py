"""Exceptions: lists, one with its votes, what covers what, and how much is accepted until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Case, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Value, When

from apps.accounts.models import TeamMembership, User
from apps.accounts.queries import role_holders
from apps.core.actor import Actor, Role
from apps.core.errors import NotFound
from apps.core.ui.words import day_text
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.models.exception import RiskExceptionQuerySet
from apps.governance.states import OPEN_EXCEPTIONS, ExceptionState, Vote

#: Waiting ones first, then those that run out next, then what is over.
STATE_ORDER = Case(
    When(state__in=[ExceptionState.ASKED, ExceptionState.SIGNED], then=Value(0)),
    When(state=ExceptionState.ACTIVE, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def exception_list(actor: Actor) -> QuerySet[RiskException]:
    """Return the exceptions this actor may see: waiting, then by end date, then those that are over."""
    rows = RiskException.objects.visible_to(actor).select_related("asked_by")
    return rows.alias(rank=STATE_ORDER).order_by("rank", "ends_on", "-number")


def exception_api_list(actor: Actor) -> QuerySet[RiskException]:
    """Return the exceptions this actor may see with their votes; two queries."""
    return RiskException.objects.visible_to(actor).prefetch_related("votes")


def exception_detail(actor: Actor, number: int) -> RiskException:
    """Return one exception with its votes; three queries. Raises NotFound where the actor does not see it."""
    votes = Prefetch("votes", ExceptionVote.objects.select_related("voter"))
    row = exception_list(actor).prefetch_related(votes).filter(number=number).first()
    if row is None:
        raise NotFound(f"There is no exception EX-{number}.")
    return row


def open_exception(kind: str, key: str) -> RiskException | None:
    """Return the one exception about a reference that waits or is active; one query."""
    return RiskException.objects.filter(kind=kind, key=key, state__in=OPEN_EXCEPTIONS).first()


def open_about(kind: str, keys: Iterable[str]) -> dict[str, RiskException]:
    """Return the exceptions about these references that wait or are active, by key; one query."""
    rows = RiskException.objects.filter(kind=kind, key__in=list(keys), state__in=OPEN_EXCEPTIONS)
    return {row.key: row for row in rows}


def accepted_until(kind: str, keys: Iterable[str], today: date) -> dict[str, RiskException]:
    """Return the exceptions in force on a day about these references, by key; one query."""
    rows = RiskException.objects.in_force(today).filter(kind=kind, key__in=list(keys))
    return {row.key: row for row in rows}


def may_sign_some(actor: Actor) -> bool:
    """Return whether the actor holds a role that signs; whether they sign one is for the rules."""
    return actor.kind == "person" and actor.has(Role.CISO, Role.MANAGER) and not actor.has(Role.SECURITY_ADMIN)


def to_sign(actor: Actor, today: date) -> RiskExceptionQuerySet:
    """Return the exceptions that wait for somebody with the actor's role and have no vote of theirs, oldest first."""
    if not may_sign_some(actor):
        return RiskException.objects.none()
    mine = ExceptionVote.objects.filter(exception_id=OuterRef("pk"), voter_id=actor.user_id)
    rows = RiskException.objects.waiting(today).filter(~Exists(mine)).exclude(asked_by_id=actor.user_id)
    if not actor.has(Role.CISO):
        rows = rows.filter(team_id__in=actor.managed_team_ids)
        # With one signature to go it is the CISO's turn where it is serious, unless the CISO signed already.
        signed = ExceptionVote.objects.filter(exception_id=OuterRef("pk"), choice=Vote.SIGN, as_ciso=True)
        rows = rows.exclude(Q(needed=2, state=ExceptionState.SIGNED) & ~Exists(signed))
    return rows.select_related("asked_by").order_by("asked_at", "number")


def signers(team_id: int | None) -> QuerySet[User]:
    """Return the people whose role signs an exception of a team: the CISO, and the managers of the team."""
    managers = Q(pk__in=[])
    if team_id is not None:
        managing = TeamMembership.objects.filter(user_id=OuterRef("pk"), team_id=team_id, manages=True)
        managers = Q(groups__name=Role.MANAGER.value) & Q(Exists(managing))
    people = User.objects.people().filter(Q(groups__name=Role.CISO.value) | managers, is_active=True)
    admins = role_holders(Role.SECURITY_ADMIN).values("pk")
    return people.exclude(pk__in=admins).distinct().order_by("name")


@dataclass(frozen=True, slots=True)
class EndSpan:
    """How many exceptions in force end within a span of days, and the first day on which one does."""

    label: str
    n: int
    first: date | None


#: Spans of the dashboard: words, and days from the day looked at, inclusive; what ends later is the last.
SPANS: tuple[tuple[str, int | None], ...] = (
    ("Within 14 days", 14),
    ("Within 30 days", 30),
    ("Within 90 days", 90),
    ("Later", None),
)


def by_end_date(at: datetime) -> list[EndSpan]:
    """Return how many of the exceptions in force at a moment end when, soonest first; one query."""
    ends = list(RiskException.objects.in_force_at(at).order_by("ends_on").values_list("ends_on", flat=True))
    found: list[EndSpan] = []
    after = date.min
    for label, days in SPANS:
        until = date.max if days is None else at.date() + timedelta(days=days)
        inside = [day for day in ends if after < day <= until]
        found.append(EndSpan(label, len(inside), inside[0] if inside else None))
        after = until
    return found


def state_of(row: RiskException, today: date) -> tuple[str, str]:
    """Return the state in words and its tone as it is on a day: past its end date it is over, written down or not."""
    if row.state in (ExceptionState.ASKED, ExceptionState.SIGNED, ExceptionState.ACTIVE) and row.ends_on < today:
        return "Ended", ExceptionState.ENDED.tone
    if row.state == ExceptionState.ACTIVE:
        return f"Accepted until {day_text(row.ends_on)}", ExceptionState.ACTIVE.tone
    return str(row.get_state_display()), ExceptionState(row.state).tone


def number_of(key: str) -> int | None:
    """Return the number of an exception by its id. One query."""
    return RiskException.objects.filter(pk=key).values_list("number", flat=True).first()
