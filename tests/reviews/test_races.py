"""On PostgreSQL, with connections of their own: two reviewers at once, and answers that race the seal."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict, DomainError
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.queries.bulk import preview
from apps.reviews.services.bulk import bulk_decide
from apps.reviews.services.campaigns import save_series
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.removal import remove_due
from apps.reviews.services.rerouting import not_mine
from apps.reviews.services.sealing import seal
from apps.reviews.services.series import open_due_series
from tests.audit.conftest import postgres, template
from tests.cast import assemble
from tests.reviews.world import BY_MANAGER, World, build, peers

__all__ = ["postgres", "template"]
pytestmark = pytest.mark.postgres
SYSTEM = system("race")


@pytest.fixture
def world(postgres: None) -> World:
    return build(assemble())


def at_once(*moves: Callable[[], object]) -> list[Exception | None]:
    """Make the moves from a connection each, all at once; return what each was refused with."""
    barrier = threading.Barrier(len(moves))
    said: list[Exception | None] = [None] * len(moves)

    def run(place: int, move: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=60)
            move()
        except Exception as problem:
            said[place] = problem
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(moves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert all(said_ is None or isinstance(said_, DomainError) for said_ in said), said
    return said


def test_two_answers_at_once_are_both_kept_and_one_counts(world: World) -> None:
    """The reviewer in two windows: the item shows the later of two rows."""
    world.standing(world.people["engineer"])
    world.opened()
    for _ in range(10):
        item = Item.objects.get()
        before = Decision.objects.count()
        said = at_once(
            lambda i=item: world.decide("manager", i, "keep"),  # type: ignore[misc]
            lambda i=item: world.decide("manager", i, "revoke"),  # type: ignore[misc]
        )
        assert said == [None, None]
        item.refresh_from_db()
        last = Decision.objects.order_by("-number")[0]
        assert Decision.objects.count() == before + 2 and item.decision == last.choice


def test_an_item_handed_on_is_answered_by_one_of_both(world: World) -> None:
    """An answer and "not mine" at once: either the answer is cleared with the item, or it came too late."""
    peers(world, 8)
    world.opened()
    for item in Item.objects.order_by("number"):
        said = at_once(
            lambda i=item: world.decide("manager", i, "revoke"),  # type: ignore[misc]
            lambda i=item: not_mine(actor=world.actor("manager"), item=i, to=world.user("owner")),  # type: ignore[misc]
        )
        item.refresh_from_db()
        assert said[1] is None and (item.reviewer, item.state, item.decision) == (world.user("owner"), "open", "")


def test_bulk_and_single_answers_at_once(world: World) -> None:
    """The set is the previewed one or none of it: a single answer in between refuses it whole."""
    peers(world, 12, last_used_at=clock.now() - timedelta(days=200))
    campaign, manager = world.opened(), world.user("manager")
    shown = preview(campaign, manager.pk, "revoke")
    item = shown.items[3]
    actor = world.actor("manager")
    said = at_once(
        lambda: bulk_decide(actor=actor, campaign=campaign, choice="revoke", digest=shown.digest),
        lambda: world.decide("manager", item, "keep"),
    )
    assert said[1] is None
    decided = Item.objects.exclude(decision="").count()
    assert decided == (12 if said[0] is None else 1)
    item.refresh_from_db()
    assert item.decision == Decision.objects.filter(item=item).order_by("-number")[0].choice


def test_a_late_answer_meets_the_seal(world: World) -> None:
    """Either it is in before, and what is sealed is it; or it is refused, and nothing of it is kept."""
    outcomes = set()
    for turn in range(8):
        world.standing(world.people["engineer"], operation=f"op.{turn}")
        campaign = world.opened(scope={"assets": [str(world.asset.pk)]}, default_choice="revoke")
        item = Item.objects.filter(campaign=campaign).order_by("number")[0]
        said = at_once(
            lambda i=item: world.decide("manager", i, "keep"),  # type: ignore[misc]
            lambda c=campaign: seal(actor=SYSTEM, campaign=c),  # type: ignore[misc]
        )
        assert said[1] is None
        item.refresh_from_db()
        own = Decision.objects.filter(item=item, reviewer__isnull=False)
        if said[0] is None:
            assert (item.decision, item.defaulted, item.state, own.count()) == ("keep", False, "sealed", 1)
        else:
            assert isinstance(said[0], Conflict)
            assert (item.decision, item.defaulted, own.count()) == ("revoke", True, 0)
        outcomes.add(said[0] is None)
    assert outcomes


def test_doubled_workers_do_everything_once(world: World) -> None:
    """Two reconcilers: one campaign of a series, one try of each removal, one proof of each item."""
    peers(world, 6)
    save_series(actor=world.actor("ciso"), name="Monthly", scope={}, stages=BY_MANAGER, frequency="monthly",
                first_on=clock.now().date())  # fmt: skip
    at_once(open_due_series, open_due_series, open_due_series)
    campaign = Campaign.objects.get()
    assert campaign.items_count == 6
    seal(actor=SYSTEM, campaign=campaign)
    at_once(remove_due, remove_due, prove_all, prove_all)
    for item in Item.objects.all():
        assert item.removal.proofs.filter(seen="asked").count() == 1
