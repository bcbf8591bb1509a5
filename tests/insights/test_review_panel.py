"""The panel of access reviews on the overview: what is open, what the last year came to, and nothing made up."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from apps.core import clock
from apps.core.metrics import METRICS
from apps.inventory.models import Entitlement
from apps.posture.models import Run
from apps.reviews.models import Campaign, Item, Seat
from tests.cast import Cast
from tests.factories import make_entitlement
from tests.posture.conftest import run_now
from tests.posture.world import HOSTILE, World, make_world
from tests.reviews.judged import reviewed, revoked

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast)


def panel(client: Client, **data: Any) -> str:
    """Return the words of the panel."""
    page = client.get("/posture", data).content.decode()
    found = re.search(r'(?s)<section[^>]*aria-labelledby="h-reviews">(.*?)</section>', page)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found[1])).strip()


def put(campaign: Campaign, state: str, **fields: Any) -> None:
    Item.objects.create(
        campaign=campaign, subject_kind="grant", subject_id=str(Item.objects.count()), holder_label="Somebody",
        operation="data.read", stage=1, state=state, decision="" if state in ("open", "moot") else "keep", **fields,
    )  # fmt: skip


def opened(name: str, days: int, trigger: str = "scope") -> Campaign:
    """Return an open review that is due in so many days: two of three answered, one item vanished."""
    now = clock.now()
    stages = [{"reviewer": "manager", "days": 14}]
    row = Campaign.objects.create(
        name=name, stages=stages, state="active", stage=1, trigger=trigger, created_at=now, opened_at=now,
        due_at=now + timedelta(days=days), snapshot_hash="0" * 64,
    )  # fmt: skip
    for state in ("open", "decided", "decided", "moot"):
        put(row, state)
    return row


def test_an_empty_portal_says_that_nobody_was_asked(signed_in: SignIn, world: World) -> None:
    """No share of nothing, and no zero that looks like good news."""
    found = panel(signed_in("ciso"))
    assert "Nobody was asked yet" in found and "none in the last 365 days" in found
    assert "%" not in found and "0 of" not in found


def test_open_reviews_stand_by_their_due_date(signed_in: SignIn, world: World) -> None:
    """Three with their progress, the rest counted; reviews of one access apart; a name is only a name."""
    for number in range(4):
        opened(f"Quarter {number}", 9 - number)
    opened(HOSTILE, -2)
    opened("Mover", 5, trigger="mover")
    page = signed_in("ciso").get("/posture").content.decode()
    assert "<img src=x" not in page
    found = panel(signed_in("ciso"))
    assert found.index("⟨U+202E⟩") < found.index("Quarter 3") < found.index("Quarter 2")
    assert found.count("2 of 3") == 3 and "Quarter 1" not in found and "2 days late" in found
    assert "2 more open, 1 of one access" in found


def test_the_last_year_is_told_by_the_metrics_themselves(signed_in: SignIn, world: World) -> None:
    """Panel and metric print one number; what is not known has no line."""
    access = Entitlement.objects.first() or make_entitlement(world.identity, asset=world.model)
    at = clock.now() - timedelta(days=20)
    for choice, fields in (("keep", {}), ("keep", {"defaulted": True}), ("revoke", {"state": "failed"})):
        reviewed(access, at, choice, **fields)
    item = revoked(access, at, state="verified", ended_at=at + timedelta(days=2))
    Item.objects.filter(pk=item.pk).update(ended_at=at + timedelta(days=2, hours=1))
    Campaign.objects.update(items_count=1, done_at_due=1)
    run_now()
    found = panel(signed_in("ciso"))
    run = Run.objects.published().latest("number")
    for key in ("review-completion", "review-revoked", "review-defaulted"):
        metric = METRICS[key]
        value = metric.compute(run)
        assert f"{metric.title} {metric.text(value)} {value}".split(" (")[0] in found, key
    assert "Revoke to proof 3 days 1 removal" in found
    assert METRICS["review-not-started"].title not in found
    assert "Nobody was asked yet" not in found


def test_who_has_not_begun(cast: Cast, signed_in: SignIn, world: World) -> None:
    campaign = opened("Quarter", 9)
    for name in ("manager", "owner"):
        Seat.objects.create(campaign=campaign, stage=1, reviewer=cast.users[name], since=campaign.opened_at)
    run_now()
    assert "Reviewers who have not begun 100 % 2 of 2" in panel(signed_in("ciso"))


def test_the_past_shows_no_progress_of_today(signed_in: SignIn, world: World) -> None:
    """How far a review was then is not kept, so it is not told."""
    day = world.run.as_of.date().isoformat()
    opened("Quarter", 30)
    assert "Quarter" in panel(signed_in("ciso"))
    with clock.shifted(timedelta(days=8)):
        run_now()
        assert "Quarter" in panel(signed_in("ciso"))
        assert "Quarter" not in panel(signed_in("ciso"), as_of=day)
