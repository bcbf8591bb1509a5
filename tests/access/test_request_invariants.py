"""The invariants of governance.md §5 that asking and deciding keep, one test named after each number."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.access.models import AccessRequest, Asked, Delegation, Grant, HeldOperation, RouteStage, Vote
from apps.access.queries.plan import plan
from apps.access.services.delegations import delegate
from apps.access.services.due import resolve_gone
from apps.access.services.requests import withdraw
from apps.access.services.votes import approve, deny
from apps.access.states import GrantState, HeldState, RequestState
from apps.accounts.services.people import deactivate_user
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Role, system
from apps.core.command import Changed
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.inventory.models import Asset
from tests.access.asking import TIER_2, TIER_3, World, actor_of, build, make_user
from tests.cast import Cast

SYSTEM = system("test")


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def _tier_1(world: World) -> World:
    Asset.objects.filter(pk=world.asset.pk).update(tier=1)
    world.asset.refresh_from_db()
    return world


def test_invariant_01_votes_are_append_only(world: World) -> None:
    """The database refuses to change or delete a vote; taking one back is a row of its own."""
    vote = Vote.objects.get(request=world.approve("owner", world.ask()))
    for statement in ("UPDATE access_vote SET choice = 'deny'", "DELETE FROM access_vote"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    vote.refresh_from_db()
    assert vote.choice == "approve"


def test_invariant_03_eligibility_is_asked_at_the_decision(world: World) -> None:
    """Who was asked and is owner no more may not decide; the role counts when the vote is cast."""
    request = world.ask()
    assert request.asked.filter(user=world.user("owner")).exists()
    Asset.objects.filter(pk=world.asset.pk).update(owner=world.user("outsider").person)
    with pytest.raises(Forbidden):
        world.approve("owner", request)
    assert world.approve("outsider", request).state == RequestState.APPROVED


def test_invariant_04_one_person_fills_one_stage(world: World) -> None:
    """The owner who is CISO too does not approve twice, nor by a delegate."""
    _tier_1(world)
    owner = make_user("Owner And Officer", Role.CISO)
    Asset.objects.filter(pk=world.asset.pk).update(owner=owner.person)
    world.asset.refresh_from_db()
    now = clock.now()
    delegate(
        actor=actor_of(owner),
        to=world.user("outsider"),
        from_at=now,
        until_at=now + timedelta(days=1),
        strictest_tier=1,
        now=now,
    )
    request = world.approve("x", world.ask(), actor=actor_of(owner))
    assert (request.state, request.stage) == (RequestState.PENDING, 2)
    for again in (actor_of(owner), world.actor("outsider")):
        with pytest.raises(Forbidden, match="have decided about this already"):
            world.approve("x", request, actor=again)
    assert world.approve("ciso", request).state == RequestState.APPROVED


def test_invariant_05_a_late_voter_gets_a_conflict_and_no_grant(world: World) -> None:
    """Refusal wins over the approvals before it; nothing that comes later changes it."""
    _tier_1(world)
    request = world.approve("owner", world.ask())
    deny(actor=world.actor("ciso"), request=request, digest=world.shown(request), reason="Not needed")
    for name in ("ciso", "owner", "engineer"):
        with pytest.raises(Conflict, match="Dana Whitlock refused"):
            world.approve(name, request)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("tier", [1, 2])
def test_invariant_06_without_an_approver_a_request_fails(world: World, tier: int) -> None:
    """Nobody eligible, or a route that lost its rows: failed and told, never approved."""
    Asset.objects.filter(pk=world.asset.pk).update(tier=tier, owner=None, team=None)
    world.asset.refresh_from_db()
    request = world.ask("outsider")
    assert request.state == RequestState.FAILED
    assert "Nobody is left who may approve" in request.outcome_reason
    RouteStage.objects.all().delete()
    Asset.objects.filter(pk=world.asset.pk).update(owner=world.user("owner").person)
    world.asset.refresh_from_db()
    assert world.ask("engineer").state == RequestState.FAILED
    assert not Grant.objects.exists()
    assert Entry.objects.filter(action="access.request.failed").count() == 2


def test_invariant_06_a_stage_without_anybody_left_fails_the_request(world: World) -> None:
    """Also later: the second stage finds nobody."""
    _tier_1(world)
    request = world.ask()
    for name in ("ciso", "security_admin", "second_admin"):
        world.user(name).groups.clear()
    assert world.approve("owner", request).state == RequestState.FAILED
    assert not Grant.objects.exists()


def test_invariant_13_a_deactivated_person_is_out_of_everything(world: World) -> None:
    """Pending requests, approvals asked, delegations and grants end in the one transaction of the deactivation."""
    engineer, owner, admin = world.user("engineer"), world.user("owner"), world.actor("security_admin")
    world.ask(operation=TIER_3)
    pending = world.ask()
    now = clock.now()
    delegate(actor=world.actor("owner"), to=engineer, from_at=now, until_at=now + timedelta(days=1), now=now)
    deactivate_user(actor=admin, user=engineer)
    pending = world.fresh(pending)
    assert (pending.state, pending.outcome_reason) == (RequestState.CANCELLED, "Jonas Lindqvist was deactivated.")
    assert not Grant.objects.filter(state__in=[GrantState.ACTIVE, GrantState.SCHEDULED]).exists()
    assert not Delegation.objects.filter(ended_at__isnull=True).exists()
    with pytest.raises(Conflict, match="deactivated"):
        world.approve("owner", pending)

    other = world.ask("manager")
    deactivate_user(actor=admin, user=owner)
    assert not Asked.objects.filter(user=owner, request=other).exists()
    assert world.fresh(other).state == RequestState.FAILED


def test_invariant_13_nothing_of_it_stays_when_it_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: when the grants cannot be ended, the person is not deactivated either."""
    pending = world.ask()

    def broken(**_: Any) -> int:
        raise RuntimeError("the target is away")

    monkeypatch.setattr("apps.access.services.leaving.end_all_of", broken)
    with pytest.raises(RuntimeError):
        deactivate_user(actor=world.actor("security_admin"), user=world.user("engineer"))
    world.user("engineer").refresh_from_db()
    assert world.user("engineer").is_active
    assert world.fresh(pending).state == RequestState.PENDING


def test_invariant_14_dry_run_and_request_share_one_answer(world: World) -> None:
    """What the plan refuses is refused with the same words; what it allows has the route it told."""
    engineer, actor = world.user("engineer"), world.actor("engineer")
    for operation, minutes in ((TIER_2, 60), (TIER_3, 60), (TIER_2, 60 * 24 + 1), (TIER_3, 481), ("data.read", 5)):
        told = plan(
            requester=engineer,
            beneficiary=engineer,
            actor=actor,
            asset=world.asset,
            operation=operation,
            minutes=minutes,
            start_at=None,
            now=clock.now(),
        )
        if not told.decision:
            with pytest.raises(Forbidden) as refusal:
                world.ask(operation=operation, minutes=minutes)
            assert refusal.value.reason == told.decision.reason
            continue
        made = world.ask(operation=operation, minutes=minutes)
        assert [stage["rule"] for stage in made.route] == [stage.rule for stage in told.stages]
        assert {row.user_id for row in made.asked.all()} == {
            seat.who.user_id for stage in told.stages[:1] for seat in stage.people
        }
        assert (made.tier, made.state == RequestState.APPROVED) == (told.tier, told.automatic)


def test_invariant_15_what_is_named_is_inside_the_request(world: World) -> None:
    """A vote by the digest of another request decides nothing; nor does a grant of somebody else's extend."""
    first, second = world.ask(), world.ask("manager")
    with pytest.raises(Conflict, match="changed since"):
        world.approve("owner", first, digest=world.shown(second))
    grant = Grant.objects.get(request=world.approve("owner", second))
    withdraw(actor=world.actor("engineer"), request=first)
    with pytest.raises(Forbidden, match="Only its holder"):
        world.ask(extends=grant)
    with pytest.raises(Invalid, match="same access"):
        world.ask("manager", operation="hparam.tune", extends=grant)


def test_invariant_18_a_change_voids_the_votes_before_it(world: World) -> None:
    """Another artifact after the first stage: the route begins anew, and the old vote does not count."""
    _tier_1(world)
    request = world.approve("owner", world.ask())
    assert request.stage == 2
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="c" * 64)
    with pytest.raises(Forbidden):
        world.approve("ciso", request)
    request = world.fresh(request)
    assert (request.stage, request.state) == (1, RequestState.PENDING)
    assert not Grant.objects.exists()
    request = world.approve("ciso", world.approve("owner", request))
    assert request.state == RequestState.APPROVED


def test_invariant_18_a_held_operation_is_bound_to_its_payload(world: World) -> None:
    """The digest covers the payload; approval holds the operation, and gives no grant."""
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="a" * 64)
    world.asset.refresh_from_db()
    _tier_1(world)
    held = {"payload": {"alias": "champion"}, "operation": "guardrail.change"}
    first = world.ask(**held)
    shown = world.shown(first)
    HeldOperation.objects.filter(request=first).update(payload_digest="f" * 64)
    assert world.shown(first) != shown
    with pytest.raises(Conflict):
        world.approve("owner", first, digest=shown)
    world.approve("ciso", world.approve("owner", first))
    assert HeldOperation.objects.get(request=first).state == HeldState.HELD
    assert not Grant.objects.exists()


def test_case_07_an_edit_after_the_approval_is_a_conflict(world: World) -> None:
    """reliability.md §2, 7: more minutes under an old digest are not approved."""
    request = world.ask()
    shown = world.shown(request)
    AccessRequest.objects.filter(pk=request.pk).update(minutes=60 * 24)
    with pytest.raises(Conflict):
        world.approve("owner", request, digest=shown)
    assert not Grant.objects.exists()


def test_case_07_a_refusal_too_binds_to_what_was_shown(world: World) -> None:
    """And needs no approval to have been tried before."""
    request = world.ask()
    shown = world.shown(request)
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="d" * 64)
    with pytest.raises(Conflict, match="changed since"):
        deny(actor=world.actor("owner"), request=request, digest=shown, reason="No")
    deny(actor=world.actor("owner"), request=request, digest=world.shown(request), reason="No")
    assert world.fresh(request).state == RequestState.DENIED


def test_case_08_a_second_approval_gives_no_second_grant(world: World) -> None:
    """reliability.md §2, 8: by the same person or by a stale page."""
    request = world.ask()
    shown = world.shown(request)
    done = approve(actor=world.actor("owner"), request=request, digest=shown)
    assert isinstance(done, Changed)
    with pytest.raises(Conflict, match="Priya Raman approved"):
        approve(actor=world.actor("owner"), request=request, digest=shown)
    assert Grant.objects.count() == 1


def test_case_09_an_asset_that_is_gone_takes_its_requests_along(world: World) -> None:
    """reliability.md §2, 9: a later asset of the same name is another one; nothing is approved in between either."""
    request = world.ask()
    Asset.objects.filter(pk=world.asset.pk).update(gone_at=clock.now())
    with pytest.raises(Conflict, match="gone"):
        world.approve("owner", request)
    assert resolve_gone(actor=SYSTEM).value == 1
    assert resolve_gone(actor=SYSTEM).value == 0
    assert world.fresh(request).state == RequestState.CANCELLED
    Asset.objects.filter(pk=world.asset.pk).update(gone_at=None)
    with pytest.raises(Conflict):
        world.approve("owner", request)
    assert not Grant.objects.exists()
