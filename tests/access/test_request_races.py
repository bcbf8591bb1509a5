"""Random schedules of four PostgreSQL connections: approve, refuse, withdraw, offer, expire, revoke, disable, edit.

`make race` draws 10,000 schedules, half of them here; `make test` draws 40. Whatever the order: at most one grant per
request, a grant only behind an approved request, what has ended stays ended as it was, and a deactivated person holds
nothing (P4).
"""

import os
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models import Count, QuerySet

from apps.access.models import AccessRequest, Grant
from apps.access.queries.deciding import digest_now
from apps.access.services.due import expire_due
from apps.access.services.grants import revoke
from apps.access.services.messages import answer, ask
from apps.access.services.requests import withdraw
from apps.access.services.routing import locked
from apps.access.services.votes import approve, deny, offer_less, undo
from apps.access.states import LIVE_GRANTS, OPEN_REQUESTS, REQUEST_MACHINE, Choice, GrantState, RequestState
from apps.accounts.services.people import deactivate_user
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import DomainError
from apps.inventory.models import Asset
from tests.access.asking import World, build, make_user
from tests.audit.conftest import postgres, template
from tests.cast import assemble

__all__ = ["postgres", "template"]

SCHEDULES = int(os.environ.get("ZTPORTAL_RACES", "80")) // 2
CONNECTIONS = 4
SYSTEM = system("race")


class Arena:
    """One request at a time in a world of its own; every move may be refused."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.number = 0
        self.actors = {name: world.actor(name) for name in world.cast.users}
        self.renew()

    def renew(self) -> None:
        """Ask anew, as a person who was not there before, so that nothing of earlier schedules stands in the way."""
        self.number += 1
        user = make_user(f"Asker {self.number}", "engineer", self.world.cast.teams["Model Engineering"])  # type: ignore[arg-type]
        self.world.cast.users["asker"] = user
        self.actors = {name: self.world.actor(name) for name in (*self.actors, "asker")}
        self.request = self.world.ask("asker", minutes=240)

    def digest(self) -> str:
        """Return what a page would show now."""
        return digest_now(AccessRequest.objects.select_related("asset").get(pk=self.request.pk))

    def approve(self) -> None:
        approve(actor=self.actors["owner"], request=self.request, digest=self.digest())

    def refuse(self) -> None:
        deny(actor=self.actors["owner"], request=self.request, digest=self.digest(), reason="Not now")

    def withdraw(self) -> None:
        withdraw(actor=self.actors["asker"], request=self.request)

    def undo(self) -> None:
        undo(actor=self.actors["owner"], request=self.request)

    def offer(self) -> None:
        less = {"operation": self.request.operation, "minutes": 60}
        made = offer_less(actor=self.actors["owner"], request=self.request, digest=self.digest(), **less)
        answer(actor=self.actors["asker"], request=made.value)

    def ask(self) -> None:
        ask(actor=self.actors["owner"], request=self.request, text="Why?")

    def answer(self) -> None:
        answer(actor=self.actors["asker"], request=self.request, text="Because")

    def expire(self) -> None:
        expire_due(actor=SYSTEM, now=clock.now() + timedelta(hours=25))

    def revoke(self) -> None:
        grant = Grant.objects.filter(request=self.request).first()
        if grant is not None:
            revoke(actor=self.actors["security_admin"], grant=grant, reason="Not needed")

    def disable(self) -> None:
        deactivate_user(actor=self.actors["security_admin"], user=self.world.user("asker"))

    def edit(self) -> None:
        Asset.objects.filter(pk=self.world.asset.pk).update(content_digest=f"{random.getrandbits(64):064x}")


MOVES: tuple[Callable[[Arena], None], ...] = (
    Arena.approve,
    Arena.approve,
    Arena.refuse,
    Arena.withdraw,
    Arena.undo,
    Arena.offer,
    Arena.ask,
    Arena.answer,
    Arena.expire,
    Arena.revoke,
    Arena.disable,
    Arena.edit,
)


def _race(arena: Arena, schedule: list[list[int]]) -> list[BaseException]:
    """Carry out one list of moves per connection, all at once; return what was no refusal."""
    barrier, wrong = threading.Barrier(len(schedule)), []

    def work(moves: list[int]) -> None:
        try:
            barrier.wait(timeout=60)
            for move in moves:
                try:
                    MOVES[move](arena)
                except DomainError:
                    continue
        except BaseException as problem:
            wrong.append(problem)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work, args=(moves,)) for moves in schedule]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
    return wrong


def _check(rows: QuerySet[AccessRequest], ended: dict[int, str], schedule: Any) -> None:
    """Check some requests with their grants, and keep how those ended that did."""
    said = [[MOVES[move].__name__ for move in moves] for moves in schedule]
    for row in rows:
        assert row.state in REQUEST_MACHINE.transitions, said
        assert row.pk not in ended or ended[row.pk] == row.state, said
        assert (row.decided_at is None) == (row.state in OPEN_REQUESTS), said
        if row.state == RequestState.APPROVED:
            assert Grant.objects.filter(request=row).count() == 1, said
            assert row.votes.filter(choice=Choice.APPROVE).exists(), said
            assert not row.votes.filter(choice=Choice.DENY).exists(), said
        if row.state not in OPEN_REQUESTS:
            ended[row.pk] = row.state
    grants = Grant.objects.filter(request__in=rows)
    assert not grants.values("request").annotate(n=Count("pk")).filter(n__gt=1).exists(), said
    assert not grants.exclude(request__state=RequestState.APPROVED).exists(), said
    assert not grants.filter(state__in=LIVE_GRANTS, holder__is_active=False).exists(), said
    assert not rows.filter(state__in=OPEN_REQUESTS, beneficiary__is_active=False).exists(), said


@pytest.mark.race
@pytest.mark.postgres
def test_any_schedule_leaves_at_most_one_grant(postgres: None) -> None:
    """The seed of the schedules is fixed, the timing is the machine's."""
    draw = random.Random(11)
    arena, ended = Arena(build(assemble())), {}  # type: tuple[Arena, dict[int, str]]
    for _ in range(SCHEDULES):
        schedule = [[draw.randrange(len(MOVES)) for _ in range(draw.randint(1, 2))] for _ in range(CONNECTIONS)]
        assert _race(arena, schedule) == [], schedule
        _check(AccessRequest.objects.filter(beneficiary=arena.world.user("asker")), ended, schedule)
        arena.renew()
    # What had ended is as it was when it ended, whatever came after; nothing is lost.
    _check(AccessRequest.objects.all(), ended, [])
    assert ended.keys() <= set(AccessRequest.objects.values_list("pk", flat=True))
    states = set(ended.values())
    assert {RequestState.APPROVED, RequestState.DENIED, RequestState.CANCELLED, RequestState.EXPIRED} <= states


@pytest.mark.postgres
def test_who_looks_at_a_request_does_not_hold_up_the_end_of_its_grant(postgres: None) -> None:
    """A locked request lets the foreign-key checks of others through, which come at their commit: a revocation that
    waited there, and a deactivation that waited for its grant, were a deadlock."""
    arena = Arena(build(assemble()))
    arena.approve()

    def end() -> None:
        arena.revoke()
        connections["default"].close()

    thread = threading.Thread(target=end)
    with transaction.atomic():
        locked(arena.request)
        thread.start()
        thread.join(timeout=20)
        waited = thread.is_alive()
    thread.join(timeout=60)
    assert not waited
    assert Grant.objects.get(request=arena.request).state == GrantState.ENDED
