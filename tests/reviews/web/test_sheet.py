"""The sheet: who may see it, the three piles, answers row by row with and without script."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.states import Choice, ItemState, Pile
from tests.reviews.web.conftest import SignIn
from tests.reviews.world import World

pytestmark = pytest.mark.django_db


def address(campaign: Campaign, name: str = "sheet", *args: object) -> str:
    return reverse(f"reviews:{name}", args=[campaign.pk, *args])


def pile(campaign: Campaign, name: Pile) -> list[Item]:
    return list(campaign.items.filter(pile=name).order_by("number"))


def answer(client: Client, item: Item, do: str, **fields: str) -> object:
    return client.post(address(item.campaign, "item", item.pk), {"do": do, "digest": item.digest, **fields})


def test_nobody_reads_without_signing_in(client: Client, campaign: Campaign) -> None:
    for name in ("sheet", "overview", "sign"):
        assert client.get(address(campaign, name)).status_code == 302
    assert client.get("/reviews").status_code == 302


def test_only_who_takes_part_sees_it(fresh: SignIn, campaign: Campaign) -> None:
    item = pile(campaign, Pile.CLOSE)[0]
    for name in ("engineer", "outsider", "owner"):
        client = fresh(name)
        assert client.get(address(campaign)).status_code == 404
        assert client.get(address(campaign, "overview")).status_code == 404
        assert answer(client, item, "keep").status_code == 404  # type: ignore[attr-defined]
    assert fresh("manager").get(address(campaign)).status_code == 200
    for name in ("ciso", "auditor", "security_admin"):
        assert fresh(name).get(address(campaign)).headers["Location"] == address(campaign, "overview")
        assert fresh(name).get(address(campaign, "overview")).status_code == 200
    assert not Decision.objects.exists()


def test_the_three_piles_are_told_and_nothing_is_chosen(fresh: SignIn, campaign: Campaign) -> None:
    page = fresh("manager").get(address(campaign)).content.decode()
    assert '<b class="num">0</b> of 14 decided' in page
    assert page.count("data-item") == 2 + 3, "both of the first pile, three of the second"
    assert "Standing and privileged" in page
    assert "Revoke the 4 undecided" in page
    assert not re.search(r'value="(keep|revoke)" checked', page)
    assert 'aria-disabled="true">Sign review' in page


def test_an_answer_is_saved_and_can_be_taken_back(fresh: SignIn, campaign: Campaign) -> None:
    """Without script one comes back to the next that is undecided, for the answered one is out of their list."""
    client, (item, after) = fresh("manager"), pile(campaign, Pile.CLOSE)
    assert answer(client, item, "revoke").headers["Location"] == f"{address(campaign)}#item-{after.pk}"  # type: ignore[attr-defined]
    item.refresh_from_db()
    assert (item.state, item.decision) == (ItemState.DECIDED, Choice.REVOKE)
    page = client.get(f"{address(campaign)}?show=all").content.decode()
    assert 'value="revoke" checked' in page
    answer(client, item, "undo")
    item.refresh_from_db()
    assert item.state == ItemState.OPEN
    assert [row.choice for row in item.decisions.all()] == [Choice.REVOKE, Choice.WITHDRAW]


def test_htmx_brings_the_row_and_the_numbers_back(fresh: SignIn, campaign: Campaign) -> None:
    client, item = fresh("manager"), pile(campaign, Pile.CLOSE)[0]
    data = {"do": "keep", "digest": item.digest, "cells": "close"}
    got = client.post(address(campaign, "item", item.pk), data, headers={"HX-Request": "true"}).content.decode()
    assert f'id="item-{item.pk}"' in got
    assert 'value="keep" checked' in got
    assert '<b class="num">1</b> of 14 decided' in got
    assert "13 left" in got
    swapped = re.findall(r'id="([a-z-]+)" hx-swap-oob', got.replace('" aria-live="polite"', '"'))
    assert sorted(swapped) == ["close-bar", "foot", "progress", "saved", "unneeded-rest", "usual-rest"]
    assert re.search(r'Undecided <span class="num">1</span>', got), "what is chosen from is counted anew"


def test_the_chosen_reason_stays_chosen_while_rows_are_answered(fresh: SignIn, campaign: Campaign) -> None:
    """The choices above the pile are drawn anew for the address the reviewer is at, hostile words included."""
    client, item = fresh("manager"), pile(campaign, Pile.CLOSE)[0]
    data = {"do": "keep", "digest": item.digest, "cells": "close"}
    here = f"http://testserver{address(campaign)}?why=privileged&x=%3Cscript%3E#h-close"
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    got = client.post(address(campaign, "item", item.pk), data, headers=headers).content.decode()
    chosen = re.search(r'<a class="tag" href="([^"]*)" aria-current="true">Standing and privileged 1</a>', got)
    assert chosen and "why" not in chosen[1] and "<script>" not in got
    headers["HX-Current-URL"] = "http://[?show=all"
    assert client.post(address(campaign, "item", item.pk), data, headers=headers).status_code == 200


def test_a_random_one_that_is_wrong_brings_similar_ones_to_look_at(fresh: SignIn, campaign: Campaign) -> None:
    """The rows that joined say why they are there, and the third pile says so without a new page."""
    client = fresh("manager")
    client.post(address(campaign, "sample"))
    sample = list(Item.objects.filter(pk__in=campaign.samples.get().items))
    said = []
    for place, item in enumerate(sample):
        data = {"do": "revoke" if place == 2 else "keep", "digest": item.digest, "cells": "few"}
        got = client.post(address(campaign, "item", item.pk), data, headers={"HX-Request": "true"})
        said.append(" ".join(got.content.decode().split()))
    assert "4 of the random ones to check." in said[0] and ">Keep the others<" in said[0]
    assert "Not all were right: 5 like it joined <i>Look closely</i>." in said[-1]
    page = client.get(f"{address(campaign)}?show=all").content.decode()
    assert page.count("Like one found wrong") == len(pile(campaign, Pile.CLOSE)) - 2 == 5
    joined = next(item for item in pile(campaign, Pile.CLOSE) if item.operation == "data.read")
    assert "Like one found wrong" in client.get(address(campaign, "item", joined.pk)).content.decode()


def test_what_is_not_what_was_shown_is_refused_in_its_row(fresh: SignIn, campaign: Campaign) -> None:
    client, item = fresh("manager"), pile(campaign, Pile.CLOSE)[0]
    data = {"do": "keep", "digest": "0" * 64, "cells": "close"}
    got = client.post(address(campaign, "item", item.pk), data, headers={"HX-Request": "true"}).content.decode()
    assert "Not saved:" in got
    assert 'value="keep" checked' not in got
    assert client.post(address(campaign, "item", item.pk), data).status_code == 409
    assert client.post(address(campaign, "item", item.pk), {"do": "destroy"}).status_code == 400
    assert not Decision.objects.exists()


def test_not_mine_names_the_person_who_knows(fresh: SignIn, world: World, campaign: Campaign) -> None:
    client, item = fresh("manager"), pile(campaign, Pile.CLOSE)[0]
    found = client.get(address(campaign, "item", item.pk), {"q": "Priya"}).content.decode()
    assert "Priya Raman" in found
    nobody = world.user("service")
    for to, status in (("nobody", 400), ("", 400), (str(item.reviewer_id), 403), (str(nobody.pk), 403)):
        refused = answer(client, item, "not_mine", to=to)
        assert refused.status_code == status, to  # type: ignore[attr-defined]
    answer(client, item, "not_mine", to=str(world.user("owner").pk), note="She runs it")
    item.refresh_from_db()
    assert item.reviewer == world.user("owner")
    assert fresh("owner").get(address(campaign)).status_code == 200
    assert answer(client, item, "keep").status_code == 404  # type: ignore[attr-defined]


def test_hostile_names_are_shown_harmlessly(fresh: SignIn, world: World) -> None:
    person = world.people["engineer"]
    person.name = "<script>alert(1)</script>\u202eevil"
    person.save()
    world.standing(person, privileged="yes", operation="<img src=x onerror=alert(2)>")
    campaign = world.opened()
    client, item = fresh("manager"), pile(campaign, Pile.CLOSE)[0]
    for url in (address(campaign), address(campaign, "item", item.pk), address(campaign, "sign")):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\u202e" not in page


def test_queries_do_not_grow_with_the_items(
    fresh: SignIn, campaign: Campaign, django_assert_max_num_queries: object
) -> None:
    client = fresh("manager")
    client.get(address(campaign))
    with django_assert_max_num_queries(32):  # type: ignore[operator]
        assert client.get(address(campaign)).status_code == 200
