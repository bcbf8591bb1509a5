"""Case 6 in access reviews: nobody certifies access of their own, by page or API; each refusal is on record."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts import services as accounts
from apps.core import clock
from apps.reviews.models import Campaign, Decision, Item, Seat
from apps.reviews.queries.bulk import preview
from apps.reviews.states import Choice, ItemState
from tests.cast import Cast
from tests.factories import make_identity
from tests.reviews.world import World, build, draw_sample, peers
from tests.security.review_tricks import TRICKS, Trick, Tried, delegate_of_a_holder, stand_in
from tests.security.test_case_06_self_approval import at_a_session, is_on_record

ANSWERS = (Choice.KEEP, Choice.REVOKE, Choice.ABSTAIN)


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def nothing_is_answered(item: Item) -> None:
    """The item is as it was, and no answer exists."""
    row = Item.objects.get(pk=item.pk)
    assert (row.state, row.decision, row.reviewer_id) == (ItemState.OPEN, "", item.reviewer_id)
    assert not Decision.objects.exists()


def said(page: Any) -> str:
    return str(page.content.decode()).replace("&#x27;", "'")


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_case_06_reviews_by_the_page(world: World, trick: Trick) -> None:
    """Each answer is 403 on the page of the item with the reason in words, and told in its row on the sheet."""
    tried = trick(world)
    client = at_a_session(tried.user)
    for choice in ANSWERS:
        posted = {"do": choice, "digest": tried.item.digest, "cells": "close"}
        answer = client.post(tried.address(), posted)
        assert (answer.status_code, tried.words in said(answer)) == (403, True), choice
        is_on_record("reviews.item.decided", tried.words)
        row = said(client.post(tried.address(), posted, headers={"HX-Request": "true"}))
        assert f"Not saved: {tried.words}" in row and " checked" not in row
        nothing_is_answered(tried.item)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_case_06_reviews_by_the_api(world: World, trick: Trick) -> None:
    """The same by the API: 403 as a problem with the reason."""
    tried = trick(world)
    client, url = at_a_session(tried.user), f"/api/v1/review-items/{tried.item.pk}"
    for choice in ANSWERS:
        body = {"choice": choice, "digest": tried.item.digest}
        if tried.principal:
            body["on_behalf_of"] = str(tried.principal.pk)
        answer = client.post(f"{url}/decide", body, content_type="application/json")
        assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json"), choice
        assert tried.words in answer.json()["detail"]
        is_on_record("reviews.item.decided", tried.words)
        nothing_is_answered(tried.item)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_case_06_reviews_by_giving_it_to_oneself(world: World, trick: Trick) -> None:
    """Somebody who may answer names the one who must not as the right person: refused with the reason."""
    tried = trick(world)
    independent = world.user("security_admin")
    Item.objects.filter(pk=tried.item.pk).update(reviewer=independent)
    Seat.objects.get_or_create(
        campaign=tried.item.campaign, stage=1, reviewer=independent, defaults={"since": clock.now()}
    )
    tried.item.refresh_from_db()
    page = reverse("reviews:item", args=[tried.item.campaign_id, tried.item.pk])
    conflicted = tried.principal if tried.principal and trick is delegate_of_a_holder else tried.user
    answer = at_a_session(independent).post(page, {"do": "not_mine", "to": str(conflicted.pk)})
    assert (answer.status_code, tried.words in said(answer)) == (403, True)
    is_on_record("reviews.item.routed", tried.words)
    nothing_is_answered(tried.item)


def test_case_06_reviews_an_item_is_taken_by_nobody(world: World) -> None:
    """Not mine names somebody else: not oneself, and nobody takes an item of another's sheet to their own."""
    world.standing(world.people["engineer"])
    item = Item.objects.get(campaign=world.opened())
    manager, delegate = world.user("manager"), world.user("outsider")
    tried = Tried(item, manager, "It is theirs already.")
    answer = at_a_session(manager).post(tried.address(), {"do": "not_mine", "to": str(manager.pk)})
    assert (answer.status_code, tried.words in said(answer)) == (403, True)
    is_on_record("reviews.item.routed", tried.words)
    stand_in(world, manager, delegate)
    tried = Tried(item, delegate, "This is put to somebody else.", manager)
    answer = at_a_session(delegate).post(tried.address(), {"do": "not_mine", "to": str(delegate.pk)})
    assert (answer.status_code, tried.words in said(answer)) == (403, True)
    is_on_record("reviews.item.routed", tried.words)
    for name in ("engineer", "owner", "ciso"):
        posted = {"do": "not_mine", "to": str(world.user(name).pk)}
        # Who has no sheet sees no such page; who runs reviews is shown their overview instead.
        assert at_a_session(world.user(name)).post(tried.address(), posted).status_code in (302, 404)
    nothing_is_answered(item)


def test_case_06_reviews_no_administrator_moves_an_item(world: World) -> None:
    """No address takes a reviewer: who is asked follows from the terms, a leaver, or the reviewer's own word."""
    world.standing(world.people["engineer"])
    item = Item.objects.get(campaign=world.opened())
    client, holder = at_a_session(world.user("security_admin")), str(world.user("engineer").pk)
    url = f"/api/v1/review-items/{item.pk}"
    for send in (client.patch, client.put):
        assert send(url, {"reviewer": holder}, content_type="application/json").status_code == 405
    for verb in ("assign", "reassign", "reroute", "not_mine", "route"):
        answer = client.post(f"{url}/{verb}", {"to": holder}, content_type="application/json")
        assert answer.status_code in (404, 405), verb
    overview = reverse("reviews:overview", args=[item.campaign_id])
    for verb in ("assign", "reassign", "reroute"):
        client.post(overview, {"do": verb, "item": str(item.pk), "to": holder})
    own = at_a_session(world.user("manager"))
    body = {"choice": "keep", "digest": item.digest, "reviewer": holder}
    assert own.post(f"{url}/decide", body, content_type="application/json").status_code == 400
    nothing_is_answered(item)


@pytest.mark.parametrize("choice", ["revoke", "keep"])
def test_case_06_reviews_at_once(world: World, choice: str) -> None:
    """One of one's own among several refuses them all; the single one next to it is still answered."""
    peers(world, 12, last_used_at=clock.now() - timedelta(days=200 if choice == "revoke" else 1))
    campaign, manager = world.opened(), world.user("manager")
    if choice == "keep":
        drawn = draw_sample(actor=world.actor("manager"), campaign=campaign).value
        for item in Item.objects.filter(pk__in=drawn.items):
            world.decide("manager", item, "keep")
    shown = preview(campaign, manager.pk, choice)
    before, own = Decision.objects.count(), shown.items[1]
    make_identity(person=world.people["manager"], login=own.holder_login)
    client, words = at_a_session(manager), "1 of them are access of yours"
    page = client.post(reverse("reviews:bulk", args=[campaign.pk, choice]), {"digest": shown.digest})
    assert (page.status_code, words in said(page)) == (403, True)
    is_on_record("reviews.bulk.decided", words)
    assert shown.count > 5 and Decision.objects.count() == before
    for address in ("bulk", f"bulk/{choice}", "sign", "sample"):
        assert client.post(f"/api/v1/reviews/{campaign.pk}/{address}", {}).status_code in (404, 405)
    assert world.decide("manager", shown.items[0], choice).decision == choice


def test_case_06_reviews_access_that_came_after_the_answer(world: World) -> None:
    """Answered while it was somebody else's, then held: the signature is refused."""
    world.standing(world.people["engineer"])
    item = Item.objects.get(campaign=world.opened())
    world.decide("manager", item, "keep")
    make_identity(person=world.people["manager"], login=item.holder_login)
    client, words = at_a_session(world.user("manager")), "1 of them are access of yours"
    page = client.post(reverse("reviews:sign", args=[item.campaign_id]))
    assert (page.status_code, words in said(page)) == (403, True)
    is_on_record("reviews.sheet.signed", words)
    assert Item.objects.get().state == ItemState.DECIDED
    assert not Seat.objects.filter(signed_at__isnull=False).exists() and Campaign.objects.get().state == "active"


def test_case_06_reviews_by_a_token(world: World) -> None:
    """A token of the very person who is asked certifies nothing: people who signed in do."""
    world.standing(world.people["engineer"])
    item, manager = Item.objects.get(campaign=world.opened()), world.user("manager")
    scopes = ("read:reviews", "read:access")
    made = accounts.create_token(actor=world.actor("manager"), user=manager, name="own", scopes=scopes, days=9).value
    client = Client(HTTP_AUTHORIZATION=f"Bearer {made[1]}")
    url, body = f"/api/v1/review-items/{item.pk}", {"choice": "keep", "digest": item.digest}
    assert client.get(url).status_code == 200, "it reads"
    assert client.post(f"{url}/decide", body, content_type="application/json").status_code == 403
    assert client.post(reverse("reviews:item", args=[item.campaign_id, item.pk]), body).status_code in (302, 401, 403)
    nothing_is_answered(item)
