"""Reviews, items and removals as CSV and JSON: who may, narrowed as on the page, and harmless whatever names say."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.reviews.models import Campaign, Item, Removal
from tests.reviews.web.conftest import SignIn
from tests.reviews.world import World

pytestmark = pytest.mark.django_db
HOSTILE = '=HYPERLINK("http://x")'


def table(client: Client, where: str, **query: str) -> list[dict[str, str]]:
    answer: Any = client.get(where, query)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "private, no-store"
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def rows(client: Client, where: str, **query: str) -> list[dict[str, Any]]:
    answer: Any = client.get(where, query)
    assert answer.status_code == 200, answer
    return list(json.loads(b"".join(answer.streaming_content))["rows"])


@pytest.fixture
def revoked(world: World) -> Campaign:
    """A review whose one revoked access somebody removes by hand; its names are hostile."""
    world.standing(world.people["engineer"], operation=HOSTILE)
    world.standing(world.people["owner"])
    campaign = world.opened()
    for row in Item.objects.filter(campaign=campaign):
        world.decide("manager", row, "revoke" if row.operation == HOSTILE else "keep")
    world.sign("manager", campaign)
    return campaign


def test_the_reviews_one_sees(fresh: SignIn, campaign: Campaign) -> None:
    """As the page lists them, for nobody more."""
    for name in ("ciso", "auditor", "manager"):
        client = fresh(name)
        (row,) = rows(client, "/reviews.json")
        assert (row["code"], row["items"], row["answered"]) == (campaign.code, campaign.items_count, 0)
        assert "/reviews.csv" in client.get("/reviews").content.decode()
    assert rows(fresh("outsider"), "/reviews.json") == []


def test_items_are_narrowed_as_on_the_page(fresh: SignIn, campaign: Campaign) -> None:
    """By pile, state, decision and reason; another word is refused. That they were taken is written down."""
    client, where = fresh("auditor"), f"/reviews/{campaign.pk}/items.json"
    counts = {"close": 2, "unneeded": 4, "usual": 8}
    assert {pile: len(rows(client, where, pile=pile)) for pile in counts} == counts
    assert len(rows(client, where)) == len(rows(client, where, state="open")) == 14
    assert len(rows(client, where, why="privileged")) == 2 and rows(client, where, decision="keep") == []
    assert client.get(where, {"pile": "best"}).status_code == 400
    assert Entry.objects.filter(action="reviews.evidence.exported").count() >= 7
    for name, status in (("manager", 403), ("engineer", 404)):
        assert fresh(name).get(where).status_code == status


def test_a_reviewer_takes_their_own_sheet(fresh: SignIn, campaign: Campaign, world: World) -> None:
    """With the page's own query; who has none is sent to the overview, who sees nothing gets nothing."""
    client, where = fresh("manager"), f"/reviews/{campaign.pk}"
    assert len(table(client, f"{where}.csv")) == 14 and len(table(client, f"{where}.csv", why="privileged")) == 2
    assert f"{where}.csv?why=privileged" in client.get(where, {"why": "privileged"}).content.decode()
    assert fresh("ciso").get(f"{where}.csv").status_code == 302
    assert fresh("engineer").get(f"{where}.csv").status_code == 404


def test_removals_are_listed_for_who_does_them(fresh: SignIn, revoked: Campaign, world: World) -> None:
    """All for wide roles; a reviewer who removes nothing has none; whoever sees no review, nothing."""
    where, removal = f"/reviews/{revoked.pk}/removals.json", Removal.objects.get()
    for name in ("ciso", "security_admin", "auditor"):
        (row,) = rows(fresh(name), where)
        assert (row["number"], row["owner"]) == (removal.pk, world.user("owner").name)
    assert rows(fresh("manager"), where) == [] and fresh("outsider").get(where).status_code == 404


def test_no_cell_is_a_formula(fresh: SignIn, revoked: Campaign) -> None:
    """In the CSV it is a text; JSON keeps it as it is."""
    for name, where in (("ciso", "removals"), ("ciso", "items"), ("manager", "")):
        place = f"/reviews/{revoked.pk}{'/' if where else ''}{where}"
        cells = [cell for row in table(fresh(name), f"{place}.csv") for cell in row.values()]
        assert f"'{HOSTILE}" in cells and not any(cell.startswith("=") for cell in cells)
        assert HOSTILE in {row["operation"] for row in rows(fresh(name), f"{place}.json")}
