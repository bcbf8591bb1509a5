"""Requests and grants as the API lists them: visibility as on the pages, declared filters, cursor pages, one scope."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.access.models import Grant
from tests.access.judged import given
from tests.cast import Cast
from tests.factories import NOW, make_asset

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
REQUESTS, GRANTS = "/api/v1/requests", "/api/v1/grants"


def held(cast: Cast, name: str = "engineer", **fields: object) -> Grant:
    """Return a live grant of a member."""
    return given(make_asset(), NOW, holder=cast.users[name], **fields)


def test_they_come_newest_first_by_cursor(cast: Cast, signed_in: SignIn) -> None:
    """With what was asked, what was seen, and no column that is not declared."""
    grants = [held(cast) for _ in range(3)]
    client = signed_in("ciso")
    page = client.get(f"{GRANTS}?page_size=2").json()
    assert [row["number"] for row in page["results"]] == [grants[2].pk, grants[1].pk]
    assert [row["number"] for row in client.get(page["next"]).json()["results"]] == [grants[0].pk]
    row = page["results"][0]
    assert (row["state"], row["observed"], row["holder"]) == ("active", "present", str(cast.users["engineer"].pk))
    detail = client.get(f"{GRANTS}/{row['number']}").json()
    assert row.items() <= detail.items() and detail.keys() - row.keys() == {"actions", "receipts"}
    (request,) = client.get(f"{REQUESTS}?asset={row['asset']}").json()["results"]
    assert request["number"] == row["request"] and request["state"] == "approved"


def test_each_sees_what_the_pages_show(cast: Cast, signed_in: SignIn) -> None:
    """One's own, one's team's for a manager, all for wide roles, and nothing for a stranger."""
    grant = held(cast)
    for name, seen in (("engineer", True), ("auditor", True), ("security_admin", True), ("outsider", False)):
        client = signed_in(name)
        for address, number in ((GRANTS, grant.pk), (REQUESTS, grant.request_id)):
            assert bool(client.get(address).json()["results"]) == seen, (name, address)
            assert client.get(f"{address}/{number}").status_code == (200 if seen else 404)
    assert Client().get(GRANTS).status_code in (401, 403)


def test_filters_are_declared(cast: Cast, signed_in: SignIn) -> None:
    """Each narrows; any other, and any value that cannot be, is an error."""
    short = held(cast, operation="train.run")
    held(cast, state="ended", observed="absent")
    client = signed_in("ciso")
    for query in ("state=active", "operation=train.run", f"asset={short.asset_id}"):
        assert [row["number"] for row in client.get(f"{GRANTS}?{query}").json()["results"]] == [short.pk], query
    assert client.get(f"{GRANTS}?emergency=true").json()["results"] == []
    for query in ("state=gone", "holder__email=x", "asset=1"):
        response = client.get(f"{GRANTS}?{query}")
        assert response.status_code == 400 and response["Content-Type"] == "application/problem+json"


def test_nothing_is_written_but_by_its_verb(cast: Cast, signed_in: SignIn) -> None:
    """A row is not put, patched or deleted: what is done to it has a name of its own."""
    grant = held(cast)
    client = signed_in("ciso")
    for address in (REQUESTS, f"{REQUESTS}/{grant.request_id}", GRANTS, f"{GRANTS}/{grant.pk}"):
        for verb in (client.put, client.patch, client.delete):
            assert verb(address, {}, content_type="application/json").status_code == 405
    for address in (f"{REQUESTS}/{grant.request_id}", GRANTS, f"{GRANTS}/{grant.pk}"):
        assert client.post(address, {}, content_type="application/json").status_code == 405
