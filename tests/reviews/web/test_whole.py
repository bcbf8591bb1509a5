"""Deciding many at once, signing, and the pages of those who run a review."""

import re

import pytest

from apps.reviews.models import Bulk, Campaign, Decision, Item, Seat, Series
from apps.reviews.states import CampaignState, Choice, ItemState, Pile
from tests.reviews.web.conftest import SignIn
from tests.reviews.web.test_sheet import address, answer, pile
from tests.reviews.world import World

pytestmark = pytest.mark.django_db


def digest_in(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def test_revoking_at_once_shows_the_set_first_and_is_one_decision(fresh: SignIn, campaign: Campaign) -> None:
    client, url = fresh("manager"), address(campaign, "bulk", "revoke")
    page = client.get(url).content.decode()
    assert page.count('data-l="Last use"') == 4
    assert client.post(url, {"digest": "0" * 64}).status_code == 409
    assert not Bulk.objects.exists()
    assert client.post(url, {"digest": digest_in(page)}).headers["Location"] == address(campaign)
    assert Bulk.objects.get().count == 4
    assert {item.decision for item in pile(campaign, Pile.UNNEEDED)} == {Choice.REVOKE}


def test_a_set_that_changed_is_shown_anew(fresh: SignIn, campaign: Campaign) -> None:
    client, url = fresh("manager"), address(campaign, "bulk", "revoke")
    shown = digest_in(client.get(url).content.decode())
    answer(client, pile(campaign, Pile.UNNEEDED)[0], "keep")
    assert client.post(url, {"digest": shown}).status_code == 409
    assert not Bulk.objects.exists()


def test_keeping_at_once_needs_the_random_ones_first(fresh: SignIn, campaign: Campaign) -> None:
    client, url = fresh("manager"), address(campaign, "bulk", "keep")
    page = client.get(url).content.decode()
    assert client.post(url, {"digest": digest_in(page)}).status_code == 409
    assert client.post(address(campaign, "sample")).status_code == 302
    sheet = client.get(address(campaign)).content.decode()
    assert "5 of the random ones to check" in sheet
    for item in pile(campaign, Pile.USUAL):
        if f'id="item-{item.pk}"' in sheet:
            answer(client, item, "keep")
    assert "Keep the other 3" in client.get(address(campaign)).content.decode()
    page = client.get(url).content.decode()
    assert client.post(url, {"digest": digest_in(page)}).status_code == 302
    assert not campaign.items.filter(pile=Pile.USUAL, state=ItemState.OPEN).exists()


def test_other_choices_are_not_for_many(fresh: SignIn, campaign: Campaign) -> None:
    for choice in ("abstain", "destroy"):
        assert fresh("manager").get(address(campaign, "bulk", choice)).status_code == 404


def test_signing_waits_for_the_last_answer_and_ends_it(fresh: SignIn, campaign: Campaign) -> None:
    client = fresh("manager")
    assert client.post(address(campaign, "sign")).status_code == 409
    for item in Item.objects.filter(campaign=campaign):
        answer(client, item, "revoke" if item.pile == Pile.UNNEEDED else "keep")
    assert "How you reviewed" not in client.get(address(campaign)).content.decode()
    page = client.get(address(campaign, "sign")).content.decode()
    assert "revoked 4" in page
    assert client.post(address(campaign, "sign")).status_code == 302
    assert Seat.objects.get(campaign=campaign).signed_at is not None
    signed = client.get(address(campaign)).content.decode()
    assert "How you reviewed" in signed
    assert "0 of 14 (0\u00a0%)" in signed, "nothing was decided at once"
    late = answer(client, pile(campaign, Pile.CLOSE)[0], "revoke")
    assert late.status_code == 409  # type: ignore[attr-defined]
    campaign.refresh_from_db()
    assert campaign.state in (CampaignState.REMEDIATING, CampaignState.VERIFYING)
    overview = fresh("ciso").get(address(campaign, "overview"))
    assert "Not yet seen gone" in overview.content.decode()
    assert sum(count for _, count in overview.context["became"]) == campaign.items_count
    assert dict(overview.context["became"]) == {
        "Kept": 10, "Seen gone": 0, "Being removed": 4, "Not removed in time": 0, "Risk accepted": 0,
        "Vanished by itself": 0,
    }  # fmt: skip


FORM = {
    "name": "Model access", "reviewer": "manager", "fallback": "ciso", "days": "14", "default_choice": "revoke",
    "grace_days": "3", "removal_days": "7", "frequency": "once",
}  # fmt: skip


def test_a_review_is_drafted_previewed_opened_and_cancelled(fresh: SignIn, world: World) -> None:
    world.standing(world.people["engineer"])
    client = fresh("ciso")
    there = client.post("/reviews/new", FORM).headers["Location"]
    page = client.get(there).content.decode()
    assert "not yet opened" in page
    campaign = Campaign.objects.get()
    assert client.post(there, {"do": "open", "snapshot_hash": "0" * 64}).status_code == 409
    assert client.post(there, {"do": "open", "snapshot_hash": campaign.snapshot_hash}).status_code == 302
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.ACTIVE
    assert client.post(there, {"do": "cancel", "reason": ""}).status_code == 400
    assert client.post(there, {"do": "cancel", "reason": "A test"}).status_code == 302
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.CANCELLED
    assert not Decision.objects.exists()


def test_one_that_recurs_is_saved_and_can_be_stopped(fresh: SignIn) -> None:
    client = fresh("security_admin")
    assert client.post("/reviews/new", {**FORM, "frequency": "quarterly"}).headers["Location"] == "/reviews"
    row = Series.objects.get()
    assert "Opens by itself" in client.get("/reviews").content.decode()
    assert client.post("/reviews", {"stop": str(row.pk)}).status_code == 302
    row.refresh_from_db()
    assert row.next_on is None


def test_only_who_runs_reviews_makes_one(fresh: SignIn, campaign: Campaign) -> None:
    for name in ("manager", "engineer", "auditor", "outsider"):
        assert fresh(name).get("/reviews/new").status_code == 403
        assert fresh(name).post("/reviews/new", FORM).status_code == 403
    for name in ("manager", "auditor"):
        got = fresh(name).post(address(campaign, "overview"), {"do": "cancel", "reason": "No"})
        assert got.status_code == 403
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.ACTIVE


def test_bad_terms_are_named_at_their_field(fresh: SignIn) -> None:
    page = fresh("ciso").post("/reviews/new", {**FORM, "name": "", "days": "900"})
    assert page.status_code == 400
    assert "This field is required" in page.content.decode()
    empty = fresh("ciso").post("/reviews/new", {**FORM, "kinds": ["dataset"]})
    assert empty.status_code == 400
    assert "Nothing is in this scope" in empty.content.decode()
    assert not Campaign.objects.exists()
