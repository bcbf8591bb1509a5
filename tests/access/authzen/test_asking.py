"""The access-request profile, walked by a client that knows only the standard: denied, ask, decided, asked again."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.access.models import AccessRequest
from apps.access.states import RequestState
from apps.accounts.services import create_token
from apps.core import clock
from apps.inventory.models import Asset
from tests.access.asking import build
from tests.access.authzen.conftest import Post
from tests.cast import Cast

pytestmark = pytest.mark.django_db
ERROR = "urn:openid:authzen:access-request:error:"


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


def question(cast: Cast, asset: Asset, operation: str = "eval.run", **more: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": cast.users["engineer"].email},
        "action": {"name": operation},
        "resource": {"type": "asset", "id": f"{asset.kind}/{asset.slug}"},
        **more,
    }


def denied(post: Post, body: dict[str, Any]) -> dict[str, Any]:
    answer = post("evaluation", body).json()
    assert answer["decision"] is False
    return dict(answer["context"]["access_request"])


def error(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix(ERROR)


def test_denied_asked_granted_and_decided_afresh(post: Post, get: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset)
    offer = denied(post, body)
    assert offer["endpoint"].endswith("/access/v1/requests")
    asked = post("requests", {**body, "denial": offer, "context": {"justification": "Nightly evaluation"}})
    assert asked.status_code == 201
    told = asked.json()
    assert told["task"]["status"] == "approved"
    assert told["result"]["mode"] == "reevaluate"
    assert AccessRequest.objects.get().reason == "Nightly evaluation"
    again = post("evaluation", body | {"context": {"approval": told["result"]["approval"]}}).json()
    assert again["decision"] is True
    assert get(told["task"]["status_endpoint"]).json() == told


def test_what_needs_people_waits_and_can_be_taken_back(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset, "weights.read")
    until = (clock.now() + timedelta(hours=2)).isoformat()
    sent = {**body, "denial": denied(post, body), "requested_access": {"requested_until": until}}
    asked = post("requests", sent, HTTP_IDEMPOTENCY_KEY="k1")
    assert asked.status_code == 202
    told = asked.json()["task"]
    assert told["status"] == "pending"
    assert post("requests", sent, HTTP_IDEMPOTENCY_KEY="k1").json()["task"]["id"] == told["id"]
    assert AccessRequest.objects.get().minutes in (119, 120)
    path = told["links"]["cancel"].split("/access/v1/")[1]
    assert post(path, {}).json()["task"]["status"] == "cancelled"
    assert AccessRequest.objects.get().state == RequestState.CANCELLED
    assert error(post(path, {})) == (409, "invalid_task_state")


def test_a_denial_of_something_else_is_no_ticket(post: Post, cast: Cast, asset: Asset) -> None:
    offer = denied(post, question(cast, asset))
    other = question(cast, asset, "weights.read")
    assert error(post("requests", {**other, "denial": offer})) == (400, "invalid_denial_binding")
    stranger = question(cast, asset) | {"subject": {"type": "user", "id": cast.users["owner"].email}}
    assert error(post("requests", {**stranger, "denial": offer})) == (400, "invalid_denial_binding")
    for denial in ({}, {"binding_token": "x"}, {"binding_token": offer["binding_token"] + "x"}, {"evaluation_id": "1"}):
        assert error(post("requests", {**question(cast, asset), "denial": denial})) == (400, "invalid_denial_binding")
    assert not AccessRequest.objects.exists()


def test_an_old_denial_has_to_be_asked_again(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset)
    offer = denied(post, body)
    with clock.shifted(timedelta(minutes=15)):
        assert error(post("requests", {**body, "denial": offer})) == (410, "expired_denial")


@pytest.mark.parametrize(
    "wanted",
    [{"emergency": True}, {"requested_until": "yesterday"}, {"requested_until": "2020-01-01T00:00:00Z"},
     {"requested_until": "2030-01-01T00:00:00"}, {"requested_until": "2027-06-01T00:00:00Z"}, []],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_said(post: Post, cast: Cast, asset: Asset, wanted: Any) -> None:
    body = question(cast, asset)
    sent = {**body, "denial": denied(post, body), "requested_access": wanted or [1]}
    assert error(post("requests", sent)) == (400, "not_requestable")


def test_a_second_request_for_the_same_is_a_duplicate(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset, "weights.read")
    sent = {**body, "denial": denied(post, body)}
    assert post("requests", sent).status_code == 202
    assert post("requests", sent).status_code in (400, 409)
    assert AccessRequest.objects.count() == 1


def test_a_task_is_its_askers_only(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset, "weights.read")
    told = post("requests", {**body, "denial": denied(post, body)}).json()["task"]
    text = create_token(
        actor=cast.actor("engineer"), user=cast.users["engineer"], name="own", scopes=["request"], days=1
    ).value[1]
    answer = Client(HTTP_AUTHORIZATION=f"Bearer {text}").get("/" + told["status_endpoint"].split("/", 3)[3])
    assert error(answer) == (404, "unknown_task")


def test_a_gateway_asks_for_its_teams_only(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset) | {"subject": {"type": "user", "id": cast.users["outsider"].email}}
    assert error(post("requests", {**body, "denial": denied(post, body)})) == (400, "not_requestable")


def test_many_at_once_are_one_task(post: Post, cast: Cast, asset: Asset) -> None:
    items = []
    for operation in ("eval.run", "weights.read"):
        body = question(cast, asset, operation)
        items.append({"action": body["action"], "resource": body["resource"], "denial": denied(post, body)})
    told = post("requests", {"subject": question(cast, asset)["subject"], "items": items}).json()["task"]
    assert (told["status"], [one["status"] for one in told["items"]]) == ("pending", ["approved", "pending"])
    path = told["links"]["cancel"].split("/access/v1/")[1]
    assert post(path, {}).json()["task"]["status"] == "partial"


def test_an_approval_is_no_bearer_grant(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast, asset)
    told = post("requests", {**body, "denial": denied(post, body)}).json()
    approval = told["result"]["approval"]
    other = question(cast, asset, "weights.read") | {"context": {"approval": approval}}
    answer = post("evaluation", other).json()
    assert (answer["decision"], answer["context"]["reason"]) == (False, "out_of_scope")
    unknown = question(cast, asset, "weights.read") | {"context": {"approval": {"id": "REQ-999999"}}}
    assert post("evaluation", unknown).json()["context"]["reason"] == "approval_unverifiable"
    with clock.shifted(timedelta(hours=3)):
        late = post("evaluation", body | {"context": {"approval": approval}}).json()
    assert (late["decision"], late["context"]["reason"]) == (False, "approval_expired")
    assert late["context"]["next_action"] == "request"
