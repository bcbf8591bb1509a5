"""Decisions about AI assets: a live grant and the policies of this moment, for callers who may ask."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.access.models import Binding, Grant
from apps.access.states import GrantState, Presence
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.core import clock
from apps.inventory.models import Asset
from tests.access.authzen.conftest import Post
from tests.access.grants import make_holder, make_request
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
#: Fewer than twenty queries whatever is asked: token, subjects, assets, grants, facts and policies.
BUDGET = 22


@pytest.fixture
def asset(cast: Cast) -> Asset:
    """A harmless model of Model Engineering."""
    return make_asset(tier=3, tier_confirmed=True, team=cast.teams["Model Engineering"], slug="drift-sentinel")


def grant(user: User, asset: Asset, **fields: Any) -> Grant:
    """A live grant of an hour."""
    now = clock.now()
    binding, _ = Binding.objects.get_or_create(
        provisioner="portal", asset=None, enabled=True, defaults={"created_at": now}
    )
    made: dict[str, Any] = {
        "request": make_request(make_holder(user), asset), "holder": user, "asset": asset, "operation": "eval.run",
        "tier": 3, "minutes": 60, "state": GrantState.ACTIVE, "start_at": now, "activate_by": now, "activated_at": now,
        "expires_at": now + timedelta(hours=1), "binding": binding, "created_at": now, "observed": Presence.PRESENT,
    }  # fmt: skip
    return Grant.objects.create(**{**made, **fields})


def question(user: User, asset: Asset, operation: str = "eval.run", **more: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": str(user.pk)},
        "action": {"name": operation},
        "resource": {"type": "asset", "id": str(asset.pk)},
        **more,
    }


def test_a_live_grant_is_a_yes_that_names_it(post: Post, cast: Cast, asset: Asset) -> None:
    made = grant(cast.users["engineer"], asset)
    answer = post("evaluation", question(cast.users["engineer"], asset)).json()
    assert answer["decision"] is True
    assert answer["context"]["grant"] == made.name
    by_name = question(cast.users["engineer"], asset)
    by_name["subject"]["id"], by_name["resource"]["id"] = cast.users["engineer"].email, f"{asset.kind}/{asset.slug}"
    assert post("evaluation", by_name).json()["decision"] is True


def test_without_a_grant_it_is_a_no_that_may_be_asked_for(post: Post, cast: Cast, asset: Asset) -> None:
    make_holder(cast.users["engineer"])
    answer = post("evaluation", question(cast.users["engineer"], asset)).json()
    assert answer["decision"] is False
    assert answer["context"]["access_request"]["binding_token"]
    assert answer["context"]["evaluation_id"]


def test_claims_of_the_caller_decide_nothing(post: Post, cast: Cast, asset: Asset) -> None:
    body = question(cast.users["engineer"], asset)
    body["subject"]["properties"] = {"roles": ["security_admin"], "factor": "phishing_resistant"}
    body["context"] = {"grant": "G-1", "emergency": True}
    assert post("evaluation", body).json()["decision"] is False


def test_a_microsecond_before_the_end_yes_at_the_end_no(post: Post, cast: Cast, asset: Asset) -> None:
    made = grant(cast.users["engineer"], asset)
    body = question(cast.users["engineer"], asset)
    assert made.expires_at is not None
    ahead = made.expires_at - clock.now()
    with clock.shifted(ahead - timedelta(minutes=5)):
        assert post("evaluation", body).json()["decision"] is True
    with clock.shifted(ahead):
        assert post("evaluation", body).json()["decision"] is False


@pytest.mark.parametrize(
    "state", [GrantState.SCHEDULED, GrantState.ACTIVATING, GrantState.SUSPENDED, GrantState.ENDING]
)
def test_any_other_state_is_a_no(post: Post, cast: Cast, asset: Asset, state: str) -> None:
    grant(cast.users["engineer"], asset, state=state)
    assert post("evaluation", question(cast.users["engineer"], asset)).json()["decision"] is False


def test_a_forbid_wins_over_a_live_grant(post: Post, cast: Cast, asset: Asset) -> None:
    engineer = cast.users["engineer"]
    grant(engineer, asset, operation="weights.read", tier=2)
    engineer.authenticator_set.all().delete()
    answer = post("evaluation", question(engineer, asset, "weights.read")).json()
    assert answer["decision"] is False
    assert "second-factor" in answer["context"]["policies"]
    assert "access_request" not in answer["context"]


def test_a_deactivated_holder_is_a_no(post: Post, cast: Cast, asset: Asset) -> None:
    grant(cast.users["engineer"], asset)
    User.objects.filter(pk=cast.users["engineer"].pk).update(is_active=False)
    assert post("evaluation", question(cast.users["engineer"], asset)).json()["decision"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"subject": {"type": "user", "id": "nobody@example.org"}},
        {"subject": {"type": "service_account", "id": "@engineer"}},
        {"subject": {"type": "spaceship", "id": "@engineer"}},
        {"action": {"name": "make.coffee"}},
        {"resource": {"type": "asset", "id": "model/other"}},
        {"resource": {"type": "asset", "id": "00000000-0000-0000-0000-000000000000"}},
        {"resource": {"type": "spaceship", "id": "1"}},
    ],
)
def test_what_is_unknown_is_a_no(post: Post, cast: Cast, asset: Asset, change: Any) -> None:
    grant(cast.users["engineer"], asset)
    body = question(cast.users["engineer"], asset) | change
    if body["subject"]["id"] == "@engineer":
        body["subject"]["id"] = str(cast.users["engineer"].pk)
    assert post("evaluation", body).json()["decision"] is False


def test_hidden_and_absent_assets_answer_alike(post: Post, cast: Cast) -> None:
    hidden = make_asset(tier=3, tier_confirmed=True, team=cast.teams["Marketing Science"])
    grant(cast.users["outsider"], hidden)
    body = question(cast.users["outsider"], hidden)
    absent = body | {"resource": {"type": "asset", "id": "00000000-0000-0000-0000-000000000000"}}
    assert post("evaluation", body).content == post("evaluation", absent).content


def test_search_finds_holders_assets_and_operations(post: Post, cast: Cast, asset: Asset) -> None:
    engineer, owner = cast.users["engineer"], cast.users["owner"]
    grant(engineer, asset)
    grant(owner, asset)
    grant(engineer, asset, operation="hparam.tune")
    grant(engineer, asset, operation="endpoint.call", state=GrantState.ENDING)
    body = question(engineer, asset)
    found = post("search/subject", body | {"subject": {"type": "user"}}).json()["results"]
    assert {one["id"] for one in found} == {str(engineer.pk), str(owner.pk)}
    found = post("search/resource", body | {"resource": {"type": "asset"}}).json()["results"]
    assert found == [{"type": "asset", "id": str(asset.pk)}]
    found = post("search/action", {"subject": body["subject"], "resource": body["resource"]}).json()["results"]
    assert found == [{"name": "eval.run"}, {"name": "hparam.tune"}]
    one = post("search/subject", body | {"subject": {"type": "user"}, "page": {"limit": 1}}).json()
    assert len(one["results"]) == 1
    two = post("search/subject", body | {"subject": {"type": "user"}, "page": {"token": one["page"]["next_token"]}})
    assert two.json()["page"]["next_token"] == ""
    assert {one["results"][0]["id"], two.json()["results"][0]["id"]} == {str(engineer.pk), str(owner.pk)}


def test_a_person_asks_about_themselves_only(cast: Cast, asset: Asset) -> None:
    grant(cast.users["engineer"], asset)
    grant(cast.users["owner"], asset)
    text = create_token(
        actor=cast.actor("engineer"), user=cast.users["engineer"], name="own", scopes=["decide"], days=1
    ).value[1]
    client = Client(HTTP_AUTHORIZATION=f"Bearer {text}")

    def ask(path: str, body: Any) -> Any:
        return client.post(f"/access/v1/{path}", body, content_type="application/json").json()

    assert ask("evaluation", question(cast.users["engineer"], asset))["decision"] is True
    assert ask("evaluation", question(cast.users["owner"], asset))["decision"] is False
    body = question(cast.users["owner"], asset) | {"subject": {"type": "user"}}
    assert [one["id"] for one in ask("search/subject", body)["results"]] == [str(cast.users["engineer"].pk)]


def test_a_token_without_the_scope_may_not_ask(cast: Cast, asset: Asset) -> None:
    text = create_token(
        actor=cast.actor("security_admin"), user=cast.users["service"], name="x", scopes=["read:posture"], days=1
    ).value[1]
    answer = Client(HTTP_AUTHORIZATION=f"Bearer {text}").post(
        "/access/v1/evaluation", question(cast.users["engineer"], asset), content_type="application/json"
    )
    assert answer.status_code == 403


def test_many_questions_cost_no_more_than_one(
    post: Post, cast: Cast, asset: Asset, django_assert_max_num_queries: Any
) -> None:
    grant(cast.users["engineer"], asset)
    grant(cast.users["owner"], asset)
    people = [cast.users[name] for name in ("engineer", "owner", "manager", "outsider")]
    items = [question(user, asset, name) for user in people for name in ("eval.run", "weights.read", "train.run")]
    post("evaluations", {"evaluations": items})
    with django_assert_max_num_queries(BUDGET):
        answers = post("evaluations", {"evaluations": items}).json()["evaluations"]
    assert [answer["decision"] for answer in answers].count(True) == 2
