"""The default that suspends first: grants rest 7 days, somebody may still keep them, and then they are revoked."""

from datetime import timedelta

import pytest

from apps.access.models import Grant
from apps.access.services.suspension import judge_conditions
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.services.campaigns import cancel
from apps.reviews.services.reconciling import move_campaigns, prove_all
from apps.reviews.services.removal import remove_due
from apps.reviews.services.suspending import suspend
from apps.reviews.states import ItemState
from apps.reviews.web.rows import rests_words
from tests.access.grants import make_request, open_grant
from tests.cast import Cast
from tests.reviews.world import World, build

pytestmark = pytest.mark.django_db
#: Due after 14 days, others have 3 more; then 7 days of rest.
DUE, GRACE, REST = 14, 17, 24


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def days(number: float) -> object:
    return clock.shifted(timedelta(days=number, minutes=5))


def unanswered(world: World, default: str = "suspend") -> tuple[Campaign, Grant]:
    """Return a review of a long grant of tier 1, privileged standing access and usual access, past its grace."""
    grant = open_grant(make_request(world.user("engineer"), world.asset, minutes=60 * 24 * 60))
    Grant.objects.filter(pk=grant.pk).update(tier=1, expires_at=clock.now() + timedelta(days=60))
    world.standing(world.people["engineer"], privileged="yes", operation="model.deploy")
    world.standing(world.people["engineer"])
    campaign = world.opened(default_choice=default)
    for day in (DUE, GRACE):
        with days(day):
            assert move_campaigns() == 1
            judge_conditions()
    campaign.refresh_from_db()
    return campaign, grant


def state(grant: Grant) -> str:
    return str(Grant.objects.values_list("state", flat=True).get(pk=grant.pk))


def test_what_asks_for_a_close_look_rests_and_is_then_revoked(world: World) -> None:
    """The review stays open meanwhile; the default is recorded for all when it ends."""
    campaign, grant = unanswered(world)
    assert (campaign.state, state(grant)) == ("active", "suspended")
    assert campaign.suspended_at is not None and campaign.seal_at == campaign.suspended_at + timedelta(days=7)
    rests = Item.objects.filter(suspended_at__isnull=False)
    assert set(rests.values_list("subject_kind", "privileged", "state")) == {
        ("grant", "no", "open"), ("entitlement", "yes", "open"),
    }  # fmt: skip
    assert rests_words(rests.get(subject_kind="grant")).startswith("Suspended since ")
    assert "It is revoked unless" in rests_words(rests.get(subject_kind="entitlement"))
    assert [rests_words(item) for item in Item.objects.filter(suspended_at=None)] == [""]
    assert "access review" in Grant.objects.get().suspended_because
    assert not Decision.objects.exists()
    with days(REST - 1):
        assert move_campaigns() == 0 and judge_conditions() == 0
    with days(REST + 1):
        assert move_campaigns() == 1
        assert dict(Item.objects.values_list("operation", "decision")) == {
            "eval.run": "revoke", "model.deploy": "revoke", "data.read": "keep",
        }  # fmt: skip
        assert not any(rests_words(item) for item in Item.objects.all()), "what was sealed rests no more"
        assert not Item.objects.exclude(defaulted=True, decided_by=None).exists()
        remove_due()
        assert state(grant) in ("ending", "ended")
        prove_all()
        assert Item.objects.get(subject_kind="grant").state == ItemState.VERIFIED


def test_a_keep_lets_it_go_on_and_taking_it_back_does_not(world: World) -> None:
    """Within the end it always had; what is not kept rests on."""
    _, grant = unanswered(world)
    with days(GRACE + 1):
        item = Item.objects.get(subject_kind="grant")
        name = next(name for name, user in world.cast.users.items() if user == item.reviewer)
        world.decide(name, item, "abstain")
        judge_conditions()
        assert state(grant) == "suspended"
        world.decide(name, item, "keep")
        judge_conditions()
        assert state(grant) == "active"
        world.decide(name, item, "revoke")
        judge_conditions()
        assert state(grant) == "suspended"
        world.decide(name, item, "keep")
        judge_conditions()
    with days(REST + 1):
        move_campaigns()
        judge_conditions()
        item.refresh_from_db()
        assert (item.state, item.decision, item.defaulted) == (ItemState.SEALED, "keep", False)
        assert state(grant) == "active"


@pytest.mark.parametrize("default", ["keep", "revoke"])
def test_other_terms_suspend_nothing(world: World, default: str) -> None:
    """Sealed when the grace is over; what asks for a close look is revoked at once."""
    campaign, grant = unanswered(world, default)
    assert (campaign.state, campaign.suspended_at, state(grant)) == ("remediating", None, "active")
    usual = Item.objects.get(operation="data.read")
    assert (usual.decision, usual.defaulted) == (default, True)
    assert set(Item.objects.exclude(pk=usual.pk).values_list("decision", flat=True)) == {"revoke"}


def test_nothing_rests_where_all_of_it_is_answered(world: World) -> None:
    """Usual access alone is kept at once, as the terms say."""
    world.standing(world.people["engineer"])
    campaign = world.opened(default_choice="suspend")
    for day in (DUE, GRACE):
        with days(day):
            assert move_campaigns() == 1
    campaign.refresh_from_db()
    assert (campaign.state, campaign.suspended_at) == ("remediating", None)
    assert (Item.objects.get().decision, Item.objects.get().state) == ("keep", ItemState.SEALED)


def test_a_cancelled_review_lets_everything_go_on(world: World) -> None:
    campaign, grant = unanswered(world)
    with days(GRACE + 1):
        cancel(actor=world.actor("ciso"), campaign=campaign, reason="Wrong scope")
        judge_conditions()
    assert state(grant) == "active"


def test_it_is_done_once(world: World) -> None:
    """A second worker is refused, and nothing is put off twice."""
    campaign, _ = unanswered(world)
    with days(GRACE), pytest.raises(Conflict):
        suspend(actor=system("reconciler"), campaign=campaign)
    before = campaign.seal_at
    campaign.refresh_from_db()
    assert campaign.seal_at == before
