"""Changing the routes: one administrator proposes with the effect shown, another confirms."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.access import events
from apps.access.models import RouteChange, RouteStage, RouteVersion, Tiers
from apps.access.queries.people import who_are
from apps.access.queries.route_effect import route_effect, rows_of
from apps.access.queries.routes import differences, open_change
from apps.access.rules.policies import (
    can_confirm_policies,
    can_propose_policies,
    can_refuse_policies,
    can_withdraw_policies,
)
from apps.access.rules.routes import RouteProblem, problems_of
from apps.access.services.changing import decided, move, require_newest
from apps.access.states import PolicyChangeState
from apps.accounts.models import User
from apps.accounts.queries import roles_of
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject

NOTE_LIMIT = 500


class NotARoute(Invalid):
    """Routes that cannot come into force; `problems` name tier, stage and field."""

    def __init__(self, problems: list[RouteProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems[:5]))
        self.problems = problems


def preview(tiers: Tiers, based_on: RouteVersion, now: datetime) -> dict[str, Any]:
    """Return what other routes would have changed in the last 90 days. Raises NotARoute. At most 14 queries.

    A read: it holds no lock, however many requests it replays.
    """
    problems = problems_of(tiers)
    if problems:
        raise NotARoute(problems)
    return route_effect(based_on.tiers, tiers, now)


def propose(*, actor: Actor, tiers: Tiers, note: str, based_on: RouteVersion, now: datetime | None = None) -> Changed:
    """Propose other routes; their effect is computed before they are saved, outside the transaction that saves them.

    Raises Forbidden, NotARoute, Invalid without a note or a difference, Conflict when the routes changed meanwhile or
    another change waits.
    """
    now = now or clock.now()
    # Who may not is refused by the command, which records that.
    effect = preview(tiers, based_on, now) if can_propose_policies(actor, open_change()) else {}
    return _save(actor=actor, now=now, tiers=tiers, note=note.strip(), based_on=based_on, effect=effect)


@command(events.ROUTES_PROPOSED)
def _save(
    *, actor: Actor, now: datetime, tiers: Tiers, note: str, based_on: RouteVersion, effect: dict[str, Any]
) -> Changed:
    can_propose_policies(actor, open_change()).require()
    if not note or len(note) > NOTE_LIMIT:
        raise Invalid(f"Say in at most {NOTE_LIMIT} characters why.", note="Say why the routes change.")
    if not differences(based_on.tiers, tiers):
        raise Invalid("Nothing differs from the routes in force.")
    require_newest(based_on, "routes")
    try:
        with transaction.atomic():
            change = RouteChange.objects.create(
                based_on=based_on,
                tiers=dict(tiers),
                note=note,
                effect=effect,
                proposed_by=User.objects.get(pk=actor.user_id),
                proposed_at=now,
            )
    except IntegrityError:
        raise Conflict("Another change waits for its confirmation.") from None
    return Changed(_subject(change), _details(change), value=change, after=PolicyChangeState.PROPOSED)


@command(events.ROUTES_CONFIRMED)
def confirm(*, actor: Actor, change: RouteChange, now: datetime) -> Changed:
    """Bring a change into force as the next version. Requests that wait keep the route they were made with.

    Raises Forbidden for its proposer and for the same person, Conflict when it was decided or overtaken, NotARoute when
    a tier demands more by now.
    """
    people = who_are({pk for pk in (actor.user_id, change.proposed_by_id) if pk})
    mine = people.get(actor.user_id) if actor.user_id else None
    roles = roles_of(change.proposed_by_id)
    can_confirm_policies(actor, change, mine, people.get(change.proposed_by_id), roles).require()
    # The state is moved first: of two confirmations at once the second waits here, and then finds it decided.
    move(change, PolicyChangeState.CONFIRMED, actor, now)
    require_newest(change.based_on, "routes")
    problems = problems_of(change.tiers)
    if problems:
        raise NotARoute(problems)
    version = RouteVersion.objects.create(
        number=change.based_on_id + 1,
        tiers=change.tiers,
        note=change.note,
        in_force_at=now,
        proposed_by_id=change.proposed_by_id,
        confirmed_by_id=actor.user_id,
    )
    RouteStage.objects.all().delete()
    RouteStage.objects.bulk_create(row for rows in rows_of(change.tiers).values() for row in rows)
    details = {**_details(change), "version": version.number, "proposed_by": str(change.proposed_by_id)}
    return decided(_subject(change), details, PolicyChangeState.CONFIRMED, version)


@command(events.ROUTES_REFUSED)
def refuse(*, actor: Actor, change: RouteChange, now: datetime) -> Changed:
    """Refuse another administrator's change. Raises Forbidden, Conflict when it was decided meanwhile."""
    can_refuse_policies(actor, change).require()
    move(change, PolicyChangeState.REFUSED, actor, now)
    return decided(_subject(change), {"note": change.note}, PolicyChangeState.REFUSED, change)


@command(events.ROUTES_WITHDRAWN)
def withdraw(*, actor: Actor, change: RouteChange, now: datetime) -> Changed:
    """Take back one's own change. Raises Forbidden, Conflict when it was decided meanwhile."""
    can_withdraw_policies(actor, change).require()
    move(change, PolicyChangeState.WITHDRAWN, actor, now)
    return decided(_subject(change), {"note": change.note}, PolicyChangeState.WITHDRAWN, change)


def _subject(change: RouteChange) -> Subject:
    return Subject("route_change", str(change.pk), f"Routes: {change.note[:60]}")


def _details(change: RouteChange) -> dict[str, object]:
    tiers = [difference.tier for difference in differences(change.based_on.tiers, change.tiers)]
    counts = {side: change.effect[side]["count"] for side in ("different", "stranded")}
    return {"based_on": change.based_on_id, "note": change.note, "tiers": tiers, **counts}
