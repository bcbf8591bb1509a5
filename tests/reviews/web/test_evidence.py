"""The evidence of a review and its items as CSV in the browser: who may take them, who may not, and what is offered."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from apps.audit.models import Entry
from apps.reviews.models import Campaign, Item
from tests.audit.test_notary import notary
from tests.reviews.web.conftest import SignIn
from tests.reviews.web.test_sheet import address
from tests.reviews.world import World

pytestmark = pytest.mark.django_db
WIDE = ("ciso", "security_admin", "auditor")


@pytest.fixture
def sealed(world: World, tmp_path: Path, settings: Any) -> Campaign:
    """A review of two items with hostile names, sealed and signed by the notary."""
    settings.ZTPORTAL_AUDIT_KEY_FILE = str(tmp_path / "key.pem")
    world.standing(world.people["engineer"], operation="=cmd|'/c'!A1")
    world.standing(world.people["owner"], operation="@SUM(1)")
    campaign = world.opened()
    for item in Item.objects.filter(campaign=campaign):
        world.decide("manager", item, "keep")
    world.sign("manager", campaign)
    notary(tmp_path)
    return campaign


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("name", WIDE)
def test_who_sees_everything_takes_it(fresh: SignIn, sealed: Campaign, name: str) -> None:
    client = fresh(name)
    page = client.get(address(sealed, "overview")).content.decode()
    assert address(sealed, "evidence") in page and address(sealed, "items", "csv") in page
    response = client.get(address(sealed, "evidence"))
    assert f'filename="{sealed.code}-evidence.zip"' in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(body(response))) as archive:
        assert archive.testzip() is None and "MANIFEST.note" in archive.namelist()
    assert client.get(address(sealed, "items", "csv")).status_code == 200
    assert Entry.objects.filter(action="reviews.evidence.exported").count() == 2


def test_reviewers_do_not_and_others_do_not_even_see_it(fresh: SignIn, sealed: Campaign) -> None:
    for name, status in (("manager", 403), ("engineer", 404), ("outsider", 404)):
        client = fresh(name)
        for where in (("evidence",), ("items", "csv"), ("items", "json")):
            assert client.get(address(sealed, *where)).status_code == status
            assert address(sealed, *where) not in client.get(address(sealed, "overview")).content.decode()
    assert not Entry.objects.filter(action="reviews.evidence.exported").exists()


def test_before_it_is_sealed_only_the_items_are_offered(fresh: SignIn, campaign: Campaign) -> None:
    client = fresh("auditor")
    page = client.get(address(campaign, "overview")).content.decode()
    assert address(campaign, "items", "csv") in page and address(campaign, "evidence") not in page
    response = client.get(address(campaign, "evidence"), follow=True)
    assert "There is evidence of a review once it is sealed." in response.content.decode()
    assert client.post(address(campaign, "evidence")).status_code == 405


def test_the_csv_has_every_item_and_no_formula(fresh: SignIn, sealed: Campaign) -> None:
    text = body(fresh("auditor").get(address(sealed, "items", "csv"))).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["Can do"] for line in lines] == ["'=cmd|'/c'!A1", "'@SUM(1)"]
    assert {line["Decision"] for line in lines} == {"Keep"} and {line["State"] for line in lines} == {"Signed"}
    assert [line["Digest"] for line in lines] == list(sealed.items.order_by("pk").values_list("digest", flat=True))


def test_the_csv_is_one_query_however_many_items(
    fresh: SignIn, campaign: Campaign, django_assert_max_num_queries: Any
) -> None:
    client = fresh("auditor")
    with django_assert_max_num_queries(25):
        assert body(client.get(address(campaign, "items", "csv"))).count(b"\n") == campaign.items_count + 1
