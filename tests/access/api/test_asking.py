"""Asking through the API: who may for whom, what would become of it, and that a repeat asks once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.access.models import AccessRequest, Bundle, Grant, HeldOperation
from apps.access.states import RequestState
from apps.inventory.models import Asset
from tests.access.api.conftest import Api, Caller, refused
from tests.access.asking import TIER_3, World
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
Body = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", ["engineer", "owner", "manager"])
def test_whoever_signs_in_asks_for_themselves(session: Caller, world: World, body: Body, name: str) -> None:
    answer = session(name).post("requests", body())
    assert answer.status_code == 201, answer.content
    told, row = answer.json(), AccessRequest.objects.get()
    assert (told["number"], told["requester"], told["beneficiary"]) == (row.pk, *[str(world.user(name).pk)] * 2)
    assert (row.requester, row.beneficiary, row.origin) == (world.user(name), world.user(name), "api")
    assert told["state"] == row.state == RequestState.PENDING
    assert [one["name"] for one in told["actions"] if one["allowed"]] == ["remind", "withdraw"]


def test_a_token_asks_with_its_scope_only(tokens: Caller, world: World, body: Body) -> None:
    """`request` is needed to ask and for the dry run, `read:access` to read; each alone does not do the other."""
    reader, asker = tokens("engineer", "read:access"), tokens("engineer", "request")
    for path in ("requests", "requests/dry-run"):
        refused(reader.post(path, body()), 403, "scope")
    assert not AccessRequest.objects.exists()
    assert asker.post("requests/dry-run", body()).status_code == 200
    assert asker.post("requests", body()).status_code == 201
    refused(asker.get("requests"), 403, "scope")
    refused(asker.get(f"assets/{world.asset.pk}/operations"), 403, "scope")
    assert reader.get("requests").json()["results"][0]["origin"] == "api"


def test_nobody_asks_without_a_caller(world: World, body: Body) -> None:
    for headers in ({}, {"authorization": "Bearer ztp_no_token"}):
        refused(Api(Client(headers=headers)).post("requests", body()), 401)


def test_a_browser_needs_the_token_against_forgery(world: World, session: Caller, body: Body) -> None:
    """A foreign page cannot have a session ask."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = session("engineer").client.cookies
    refused(Api(strict).post("requests", body()), 403, "CSRF")
    assert not AccessRequest.objects.exists()


def test_the_lightest_tier_is_granted_at_once(tokens: Caller, world: World, body: Body) -> None:
    told = tokens("engineer").post("requests", body(operation=TIER_3)).json()
    assert (told["state"], told["stages"]) == ("approved", [])
    assert Grant.objects.get(pk=told["grant"]).holder == world.user("engineer")


@pytest.mark.parametrize(
    ("name", "whom", "status"),
    [("manager", "engineer", 201), ("service", "engineer", 201), ("engineer", "service", 201),
     ("owner", "service", 201), ("engineer", "engineer", 201), ("engineer", "owner", 404), ("manager", "outsider", 404),
     ("service", "outsider", 404), ("outsider", "service", 404), ("ciso", "engineer", 404),
     ("security_admin", "engineer", 404), ("auditor", "engineer", 404)],
)  # fmt: skip
def test_for_whom_one_asks(tokens: Caller, world: World, body: Body, name: str, whom: str, status: int) -> None:
    """Oneself, a service account of one's team, as manager the team's members; a program for its teams."""
    Asset.objects.filter(pk=world.asset.pk).update(owner=world.user("second_admin").person)
    sent = body(beneficiary=str(world.user(whom).pk), operation="train.run")
    asker = tokens(name)
    if name == "outsider":
        sent["asset"] = str(make_asset(team=world.cast.teams["Marketing Science"]).pk)
    assert asker.post("requests/dry-run", sent).status_code == (200 if status == 201 else status)
    answer = asker.post("requests", sent)
    assert answer.status_code == status, answer.content
    assert AccessRequest.objects.filter(beneficiary=world.user(whom)).exists() == (status == 201)


def test_what_one_may_not_see_is_not_there(tokens: Caller, world: World, body: Body) -> None:
    """Hidden and absent answer alike, for assets and for people."""
    hidden = make_asset(name="secret", team=world.cast.teams["Marketing Science"])
    api, nothing = tokens("engineer"), "00000000-0000-0000-0000-000000000007"
    for path in ("requests", "requests/dry-run"):
        told = [refused(api.post(path, body(asset=str(key))), 404) for key in (hidden.pk, nothing)]
        assert told[0] == told[1] and "secret" not in str(told)
        people = (world.user("outsider").pk, nothing)
        told = [refused(api.post(path, body(beneficiary=str(key))), 404) for key in people]
        assert told[0] == told[1]
    told = [refused(api.get(f"assets/{key}/operations"), 404) for key in (hidden.pk, nothing, "x", "%00")]
    assert all(one == told[0] for one in told)
    assert not AccessRequest.objects.exists()


def test_the_dry_run_says_what_asking_does(tokens: Caller, world: World, body: Body) -> None:
    """The same plan, and nothing is written; what is refused says why and what would help, both times."""
    api = tokens("engineer")
    told = api.post("requests/dry-run", body()).json()
    assert (told["allowed"], told["routed"], told["automatic"], told["tier"], told["approvals"]) == (
        True, True, False, 2, 1
    )  # fmt: skip
    assert [(one["rule"], one["need"], one["people"]) for one in told["stages"]] == [
        ("asset_owner", 1, ["Priya Raman"])
    ]
    assert not AccessRequest.objects.exists()
    made = api.post("requests", body()).json()
    assert [one["people"] for one in made["stages"]] == [["Priya Raman"]] and made["tier"] == told["tier"]
    again = api.post("requests/dry-run", body()).json()
    assert again["allowed"] is False and made["name"] in again["reason"]
    problem = refused(api.post("requests", body()), 403, again["reason"])
    assert problem["remedy"] == again["remedy"] == "Remind who decides, or withdraw it."


def test_what_may_be_asked_for_of_an_asset(tokens: Caller, world: World) -> None:
    """Every operation done to such an asset, with tier and route; held ones are marked."""
    told = {one["operation"]: one for one in tokens("engineer").get(f"assets/{world.asset.pk}/operations").json()}
    assert "data.read" not in told
    assert (told[TIER_3]["plan"]["automatic"], told[TIER_3]["plan"]["tier"]) == (True, 3)
    assert told["weights.export"]["plan"]["approvals"] == 2 and told["model.deploy"]["held"] is True
    assert [stage["rule"] for stage in told["weights.export"]["plan"]["stages"]] == ["asset_owner", "ciso"]
    person = str(world.user("outsider").pk)
    refused(tokens("engineer").get(f"assets/{world.asset.pk}/operations", beneficiary=person), 404)
    refused(tokens("engineer").get(f"assets/{world.asset.pk}/operations", beneficiary="x"), 400)
    refused(tokens("engineer").get(f"assets/{world.asset.pk}/operations", minutes="60"), 400, "minutes")


def test_a_request_nobody_may_approve_has_failed(tokens: Caller, world: World, body: Body) -> None:
    Asset.objects.filter(pk=world.asset.pk).update(owner=None)
    world.user("manager").groups.clear()
    told = tokens("engineer").post("requests", body()).json()
    assert told["state"] == "failed" and "security administrators were told" in told["outcome_reason"]


def test_a_repeat_with_its_key_asks_once(tokens: Caller, world: World, body: Body) -> None:
    """The same answer for the same body, a conflict for another, and a key is its caller's own."""
    api, key = tokens("engineer"), {"Idempotency-Key": "release-7"}
    first = api.post("requests", body(), **key)
    assert api.post("requests", body(), **key).json()["number"] == first.json()["number"]
    for other in ({"minutes": 30}, {"reason": "Another"}, {"operation": TIER_3}, {"ticket": "ABC-1"}):
        refused(api.post("requests", body(**other), **key), 409, "idempotency key")
    assert tokens("owner").post("requests", body(operation=TIER_3), **key).status_code == 201
    assert Bundle.objects.count() == AccessRequest.objects.count() == 2
    refused(api.post("requests", body(), **{"Idempotency-Key": "x" * 201}), 400, "Idempotency-Key")


def test_a_repeat_is_the_same_request_after_a_counter_offer(tokens: Caller, world: World, body: Body) -> None:
    """What was offered instead is in the same bundle, and was not asked for."""
    api, key = tokens("engineer"), {"Idempotency-Key": "k"}
    first = api.post("requests", body(), **key).json()["number"]
    bundle = Bundle.objects.get()
    row = AccessRequest.objects.get(pk=first)
    AccessRequest.objects.filter(pk=first).update(state="denied", decided_at=row.created_at)
    world.ask("engineer", operation="eval.run")
    AccessRequest.objects.exclude(pk=first).update(bundle=bundle, counter_to_id=first)
    assert api.post("requests", body(), **key).json()["number"] == first


def test_the_operation_itself_is_asked_for_with_a_payload(tokens: Caller, world: World, body: Body) -> None:
    """Held until it is approved, run exactly so; without a known content, or for what is not held, it is refused."""
    api, payload = tokens("engineer"), {"alias": "champion", "version": 7}
    refused(api.post("requests", body(operation="model.promote", payload=payload)), 400, "digest")
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="a" * 64)
    refused(api.post("requests", body(payload=payload)), 400, "payload")
    assert not AccessRequest.objects.exists()
    made = api.post("requests", body(operation="model.promote", payload=payload))
    assert made.status_code == 201
    held = HeldOperation.objects.get()
    assert (held.payload, held.request_id, held.artifact_digest) == (payload, made.json()["number"], "a" * 64)
