"""The audit log in the read API: same visibility, declared filters, cursor pages."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.core.command import record
from apps.core.events import Subject
from tests.audit.log import CHANGED, append
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/audit/events"


def test_events_come_newest_first_by_cursor(signed_in: Callable[[str], Client]) -> None:
    """With actor, subject, change, details and leaf hash."""
    append(5, before={"a": 1}, after={"a": 2})
    client = signed_in("auditor")
    page = client.get(f"{ADDRESS}?page_size=2&action=audittest.thing.changed").json()
    assert [row["seq"] for row in page["results"]] == [4, 3]
    again = client.get(page["next"]).json()
    assert [row["seq"] for row in again["results"]] == [2, 1]
    row = page["results"][0]
    assert row["title"] == CHANGED.title and row["subject"] == {"kind": "thing", "id": "4", "label": "Thing 4"}
    assert row["details"]["after"] == {"a": 2} and len(row["leaf_hash"]) == 64
    assert client.get(f"{ADDRESS}/{row['id']}").json() == row


def test_strangers_get_nothing(cast: Cast, signed_in: Callable[[str], Client]) -> None:
    """An empty list, 404 for the event, 401 or 403 without sign-in."""
    record(CHANGED, actor=cast.actor("ciso"), subject=Subject("secret", "1", "canary"), details={"note": "canary"})
    (row,) = signed_in("ciso").get(f"{ADDRESS}?subject_kind=secret").json()["results"]
    stranger = signed_in("outsider")
    assert stranger.get(f"{ADDRESS}?subject_kind=secret").json()["results"] == []
    assert stranger.get(f"{ADDRESS}/{row['id']}").status_code == 404
    assert Client().get(ADDRESS).status_code in (401, 403)


@pytest.mark.parametrize("query", ["actor__kind=x", "log=other", "since=yesterday", "outcome=maybe"])
def test_undeclared_and_invalid_parameters_are_errors(query: str, signed_in: Callable[[str], Client]) -> None:
    """problem+json, 400."""
    response = signed_in("auditor").get(f"{ADDRESS}?{query}")
    assert response.status_code == 400 and response["Content-Type"] == "application/problem+json"


def test_nothing_is_written_through_the_api(signed_in: Callable[[str], Client]) -> None:
    """Read only."""
    client = signed_in("ciso")
    assert {client.post(ADDRESS, {}).status_code, client.delete(f"{ADDRESS}/1").status_code} <= {403, 405}
