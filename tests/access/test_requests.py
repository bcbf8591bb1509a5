"""Asking: what becomes of a request by tier, who may do what to it, and what voids a vote."""

from datetime import timedelta

import pytest

from apps.access.models import AccessRequest, Grant, RequestMessage
from apps.access.services.messages import answer, ask
from apps.access.services.requests import extend, remind, submit, withdraw
from apps.access.services.votes import approve, deny, offer_less, undo
from apps.access.states import GrantState, RequestState
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Strength, system
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.inventory.models import Asset
from tests.access.asking import TIER_2, TIER_3, World, build, choices
from tests.cast import Cast


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def test_tier_3_is_approved_and_active_at_once(world: World) -> None:
    """No stage: one request, one grant, in one transaction."""
    request = world.ask(operation=TIER_3)
    assert (request.state, request.stage) == (RequestState.APPROVED, 0)
    assert Grant.objects.get(request=request).state == GrantState.ACTIVE


def test_tier_2_waits_for_the_owner_alone(world: World) -> None:
    """One approver; the grant comes with the approval."""
    request = world.ask()
    assert (request.state, request.stage, request.tier) == (RequestState.PENDING, 1, 2)
    assert [row.user for row in request.asked.all()] == [world.user("owner")]
    assert not Grant.objects.exists()
    assert world.approve("owner", request).state == RequestState.APPROVED
    assert Grant.objects.get().request == request


def test_tier_1_needs_two_distinct_persons_in_order(world: World) -> None:
    """Owner, then CISO; the CISO has nothing to say before."""
    Asset.objects.filter(pk=world.asset.pk).update(tier=1)
    world.asset.refresh_from_db()
    request = world.ask()
    with pytest.raises(Forbidden, match="not among"):
        world.approve("ciso", request)
    request = world.approve("owner", request)
    assert (request.state, request.stage) == (RequestState.PENDING, 2)
    assert not Grant.objects.exists()
    with pytest.raises(Forbidden):
        world.approve("owner", request)
    assert world.approve("ciso", request).state == RequestState.APPROVED
    assert choices(request) == [("owner", "approve"), ("ciso", "approve")]
    assert Grant.objects.get().minutes == 60


def test_one_refusal_decides_and_names_who_was_first(world: World) -> None:
    """The late voter reads who decided; there is no grant."""
    request = world.ask()
    deny(actor=world.actor("owner"), request=request, digest=world.shown(request), reason="Not before the audit")
    with pytest.raises(Conflict, match=r"Priya Raman refused \d+ s ago"):
        world.approve("owner", request)
    assert not Grant.objects.exists()
    assert world.fresh(request).outcome_reason == "Not before the audit"


def test_a_refusal_needs_a_reason(world: World) -> None:
    """Whoever is refused reads why."""
    request = world.ask()
    with pytest.raises(Invalid):
        deny(actor=world.actor("owner"), request=request, digest=world.shown(request), reason=" ")
    assert world.fresh(request).state == RequestState.PENDING


@pytest.mark.parametrize(
    ("tier", "minutes", "strength", "allowed"),
    [
        (3, 14, Strength.SECOND_FACTOR, True),
        (3, 16, Strength.SECOND_FACTOR, False),
        (3, 16, Strength.PHISHING_RESISTANT, False),
        (3, 1, Strength.PASSWORD, False),
        (3, 1, Strength.TOKEN, False),
        (1, 4, Strength.SECOND_FACTOR, True),
        (1, 6, Strength.SECOND_FACTOR, False),
        (1, 14, Strength.PHISHING_RESISTANT, True),
    ],
)
def test_approving_needs_a_fresh_second_factor(
    world: World, tier: int, minutes: int, strength: Strength, allowed: bool
) -> None:
    """Fifteen minutes; at tier 1 five, or a passkey."""
    Asset.objects.filter(pk=world.asset.pk).update(tier=tier)
    world.asset.refresh_from_db()
    request = world.ask()
    actor = world.actor("owner", age=timedelta(minutes=minutes), strength=strength)
    if allowed:
        assert choices(world.approve("owner", request, actor=actor)) == [("owner", "approve")]
        return
    with pytest.raises(Forbidden):
        world.approve("owner", request, actor=actor)
    assert not request.votes.exists()
    assert Entry.objects.filter(action="access.vote.cast.denied").exists()


def test_only_who_asked_withdraws(world: World) -> None:
    """Requester: yes. Owner, outsider, system: no."""
    request = world.ask()
    for actor in (world.actor("owner"), world.actor("outsider"), system("test")):
        with pytest.raises(Forbidden):
            withdraw(actor=actor, request=request)
    withdraw(actor=world.actor("engineer"), request=request)
    assert world.fresh(request).state == RequestState.CANCELLED
    with pytest.raises(Conflict, match="withdrew"):
        world.approve("owner", request)


def test_reminding_once_in_15_minutes(world: World) -> None:
    """And only by who asked."""
    request = world.ask()
    with pytest.raises(Forbidden):
        remind(actor=world.actor("owner"), request=request)
    now = clock.now()
    remind(actor=world.actor("engineer"), request=request, now=now)
    with pytest.raises(Forbidden, match="15 minutes"):
        remind(actor=world.actor("engineer"), request=request, now=now + timedelta(minutes=14))
    remind(actor=world.actor("engineer"), request=request, now=now + timedelta(minutes=15))


def test_a_question_stops_the_clock_until_the_answer(world: World) -> None:
    """Approver asks, requester answers; meanwhile nobody approves."""
    request = world.ask()
    with pytest.raises(Forbidden):
        ask(actor=world.actor("outsider"), request=request, text="Why?")
    ask(actor=world.actor("owner"), request=request, text="Which release?")
    request = world.fresh(request)
    assert (request.state, request.stage_due_at) == (RequestState.NEEDS_INFO, None)
    with pytest.raises(Conflict, match="question"):
        world.approve("owner", request)
    with pytest.raises(Forbidden):
        answer(actor=world.actor("owner"), request=request, text="The last")
    answer(actor=world.actor("engineer"), request=request, text="2026.10")
    request = world.fresh(request)
    assert request.state == RequestState.PENDING and request.stage_due_at is not None
    assert list(RequestMessage.objects.values_list("kind", "text")) == [
        ("question", "Which release?"),
        ("answer", "2026.10"),
    ]
    assert world.approve("owner", request).state == RequestState.APPROVED


def test_approving_for_less_time_narrows(world: World) -> None:
    """Shorter: yes. Longer: no."""
    request = world.ask()
    with pytest.raises(Invalid):
        world.approve("owner", request, minutes=120)
    assert world.approve("owner", request, minutes=30).minutes == 30
    assert Grant.objects.get().minutes == 30


def test_undo_within_30_seconds_removes_at_once(world: World) -> None:
    """Whoever approved, for 30 seconds; nobody else, and not later."""
    request = world.ask()
    now = clock.now()
    approve(actor=world.actor("owner"), request=request, digest=world.shown(request), now=now)
    with pytest.raises(Forbidden):
        undo(actor=world.actor("ciso"), request=request, now=now)
    with pytest.raises(Forbidden, match="30 seconds"):
        undo(actor=world.actor("owner"), request=request, now=now + timedelta(seconds=31))
    undo(actor=world.actor("owner"), request=request, now=now + timedelta(seconds=30))
    assert Grant.objects.get().state in (GrantState.ENDING, GrantState.ENDED)
    assert choices(request) == [("owner", "approve"), ("owner", "withdraw")]


def test_less_is_offered_and_accepted_in_one_step(world: World) -> None:
    """The first request is refused; the offer carries the approver's vote and starts when accepted."""
    request = world.ask(minutes=600)
    digest = world.shown(request)
    with pytest.raises(Invalid, match="not less"):
        offer_less(actor=world.actor("owner"), request=request, digest=digest, operation="train.run", minutes=60)
    made = offer_less(
        actor=world.actor("owner"), request=request, digest=digest, operation=TIER_2, minutes=60, reason="Enough"
    )
    offer = world.fresh(made.value)
    assert world.fresh(request).state == RequestState.DENIED
    assert (offer.state, offer.minutes, offer.counter_to_id) == (RequestState.NEEDS_INFO, 60, request.pk)
    answer(actor=world.actor("engineer"), request=offer)
    assert world.fresh(offer).state == RequestState.APPROVED
    assert Grant.objects.get().minutes == 60


def test_an_extension_is_a_new_linked_request(world: World) -> None:
    """Its own route, and only by the holder of an active grant."""
    grant = Grant.objects.get(request=world.approve("owner", world.ask()))
    with pytest.raises(Forbidden):
        extend(actor=world.actor("owner"), grant=grant, minutes=30, reason="More")
    made = extend(actor=world.actor("engineer"), grant=grant, minutes=30, reason="Not done yet")
    assert (made.value.extends_id, made.value.state) == (grant.pk, RequestState.PENDING)
    world.approve("owner", made.value)
    grant.refresh_from_db()
    assert grant.state in (GrantState.ENDING, GrantState.ENDED)
    assert Grant.objects.filter(state=GrantState.ACTIVE).count() == 1


def test_who_may_ask_for_whom(world: World) -> None:
    """For oneself, and as manager for one's team; not for others, nor as a system."""
    engineer = world.user("engineer")
    made = world.ask("manager", beneficiary=engineer)
    assert (made.requester, made.beneficiary) == (world.user("manager"), engineer)
    for actor in (world.actor("outsider"), world.actor("owner"), system("test")):
        with pytest.raises(Forbidden):
            submit(actor=actor, asset=world.asset, operation=TIER_3, minutes=5, reason="Try", beneficiary=engineer)
    assert AccessRequest.objects.count() == 1


def test_the_same_is_asked_for_once_at_a_time(world: World) -> None:
    """A second request while one waits, or while it is held, is refused with its number."""
    request = world.ask()
    with pytest.raises(Forbidden, match=request.name):
        world.ask()
    world.approve("owner", request)
    with pytest.raises(Forbidden, match="G-"):
        world.ask()
