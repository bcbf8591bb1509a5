"""Bodies that are JSON and yet nothing a decision point expects: each is a named error or a no, never a failure."""

import json
from typing import Any

import pytest

from apps.access.models import AccessRequest
from apps.accounts.services import create_token
from apps.inventory.models import Asset
from tests.access.asking import build
from tests.access.authzen.conftest import Post
from tests.cast import Cast

pytestmark = pytest.mark.django_db
LONE = "\ud800"


@pytest.fixture
def token(cast: Cast) -> str:
    """A gateway that may ask for decisions and for access."""
    made = create_token(
        actor=cast.actor("security_admin"), user=cast.users["service"], name="gateway", scopes=["decide", "request"],
        days=9,
    )  # fmt: skip
    return str(made.value[1])


@pytest.fixture
def asset(cast: Cast) -> Asset:
    """A model of the gateway's team, for which the owner answers."""
    return build(cast).asset


def question(cast: Cast, asset: Asset, **more: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": cast.users["engineer"].email},
        "action": {"name": "eval.run"},
        "resource": {"type": "asset", "id": f"{asset.kind}/{asset.slug}"},
        **more,
    }


@pytest.mark.parametrize("semantic", [[], {}, ["execute_all"], 7, None])
def test_a_semantic_that_is_no_word_is_malformed(post: Post, cast: Cast, asset: Asset, semantic: Any) -> None:
    body = question(cast, asset, evaluations=[{}], options={"evaluations_semantic": semantic})
    assert post("evaluations", body).status_code == 400


@pytest.mark.parametrize("part", ["subject", "resource"])
@pytest.mark.parametrize("path", ["evaluation", "evaluations", "search/action"])
def test_a_lone_surrogate_names_nothing(post: Post, cast: Cast, asset: Asset, part: str, path: str) -> None:
    body = question(cast, asset, **{part: {"type": {"subject": "user"}.get(part, "asset"), "id": f"x/{LONE}@y"}})
    answer = post(path, json.dumps({**body, "evaluations": [body]} if path == "evaluations" else body))
    assert answer.status_code in (200, 400)


def test_the_last_year_of_the_calendar_is_too_long(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset)
    offer = post("evaluation", body).json()["context"]["access_request"]
    for until in ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"):
        asked = {
            **body,
            "denial": {"binding_token": offer["binding_token"]},
            "requested_access": {"requested_until": until},
        }
        assert post("requests", asked).status_code == 400, until
    assert not AccessRequest.objects.exists()


def test_a_reason_with_what_no_database_keeps(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset)
    offer = post("evaluation", body).json()["context"]["access_request"]
    for words in (f"Compare{LONE}", "Compare\x00"):
        asked = {**body, "denial": {"binding_token": offer["binding_token"]}, "context": {"reason": words}}
        answer = post("requests", json.dumps(asked))
        assert answer.status_code in (201, 202, 400), words
