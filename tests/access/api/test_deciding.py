"""Deciding through the API: a person at a session with a fresh second factor; never a token, whoever holds it."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import AccessRequest, Grant, Vote
from apps.access.states import RequestState
from apps.audit.models import Entry
from apps.core import clock
from apps.inventory.models import Asset
from tests.access.api.conftest import Api, Caller, refused
from tests.access.asking import World

pytestmark = pytest.mark.django_db
#: What each decision is called in the audit log when it is refused.
DENIED = {
    "approve": "access.vote.cast.denied",
    "refuse": "access.request.refused.denied",
    "ask": "access.request.asked.denied",
    "offer": "access.request.offered.denied",
    "undo": "access.vote.undone.denied",
}


def decide(api: Api, world: World, request: AccessRequest, do: str, **fields: Any) -> Any:
    """Decide as the request is shown now."""
    shown = {"digest": world.shown(request)}
    sent = {
        "approve": {**shown, "reason": "Same as last month"},
        "refuse": {**shown, "reason": "Use the sample"},
        "ask": {"text": "Which version?"},
        "offer": {**shown, "operation": request.operation, "minutes": 30},
        "undo": {},
    }
    return api.post(f"requests/{request.pk}/{do}", {**sent[do], **fields})


@pytest.mark.parametrize("do", DENIED)
@pytest.mark.parametrize("name", ["owner", "manager", "ciso", "security_admin"])
def test_no_token_decides(tokens: Caller, world: World, asked: AccessRequest, name: str, do: str) -> None:
    """Also not that of the right approver: a token proves no second factor. The refusal says so, and is on record."""
    asked.asked.get_or_create(user=world.user(name), stage=1, defaults={"why": "test", "since": asked.created_at})
    if do == "undo":
        world.approve("owner", asked)
    before, votes = AccessRequest.objects.filter(pk=asked.pk).values().get(), Vote.objects.count()
    told = refused(decide(tokens(name, "request", "read:access"), world, asked, do), 403)
    assert told["detail"] == "A token does not do this; sign in with a second factor."
    assert Entry.objects.filter(action=DENIED[do], outcome="denied").exists()
    assert (AccessRequest.objects.filter(pk=asked.pk).values().get(), Vote.objects.count()) == (before, votes)


@pytest.mark.parametrize("do", DENIED)
def test_no_token_without_the_scope_gets_as_far(tokens: Caller, world: World, asked: AccessRequest, do: str) -> None:
    refused(decide(tokens("owner", "read:access"), world, asked, do), 403, "scope")


def test_the_owner_looks_and_approves(session: Caller, world: World, asked: AccessRequest) -> None:
    """The card gives the digest; the answer tells what came of it; a second approval comes too late."""
    api = session("owner")
    card = api.get(f"requests/{asked.pk}/card").json()
    assert card["digest"] == world.shown(asked) and card["less"]["minutes"] == 30 and card["effect"]
    told = api.post(f"requests/{asked.pk}/approve", {"digest": card["digest"], "reason": "Same as last month"}).json()
    assert told["state"] == "approved"
    assert Grant.objects.get(pk=told["grant"]).holder == world.user("engineer")
    assert [(one["voter"], one["choice"], one["reason"]) for one in told["stages"][0]["votes"]] == [
        ("Priya Raman", "approve", "Same as last month")
    ]
    refused(decide(api, world, asked, "approve"), 409, "approved")
    assert decide(api, world, asked, "undo").status_code == 200
    assert Grant.objects.get(pk=told["grant"]).end_reason == "undone"


def test_shorter_less_refused_and_asked(session: Caller, world: World) -> None:
    api = session("owner")
    assert decide(api, world, world.ask("engineer"), "approve", minutes=30).json()["minutes"] == 30
    assert decide(api, world, world.ask("manager"), "refuse").json()["outcome_reason"] == "Use the sample"
    request = world.ask("manager")
    assert decide(api, world, request, "ask").json()["state"] == "needs_info"
    assert decide(api, world, request, "offer").json()["state"] == "denied"
    assert AccessRequest.objects.get(counter_to=request).minutes == 30


def test_who_may_not_decide_is_told_why(session: Caller, world: World, asked: AccessRequest) -> None:
    """Neither its party, nor who was not asked, nor a service account; who does not see it finds nothing."""
    for do in ("approve", "refuse", "ask", "offer"):
        refused(decide(session("engineer"), world, asked, do), 403, "party to this request")
        refused(decide(session("ciso"), world, asked, do), 403, "not among those who decide")
        refused(decide(session("outsider"), world, asked, do), 404)
        refused(decide(session("manager"), world, asked, do), 404)
    assert world.fresh(asked).state == RequestState.PENDING and not Vote.objects.exists()


def test_an_old_proof_approves_nothing(session: Caller, world: World, asked: AccessRequest) -> None:
    """A second factor within 15 minutes to give; any of this session to refuse."""
    api = session("owner")
    with clock.shifted(timedelta(minutes=16)):
        refused(decide(api, world, asked, "approve"), 403, "Confirm your second factor")
        refused(decide(api, world, asked, "offer"), 403, "Confirm your second factor")
        assert decide(api, world, asked, "refuse").status_code == 200


def test_what_changed_since_it_was_shown_is_looked_at_again(
    session: Caller, world: World, asked: AccessRequest
) -> None:
    shown = world.shown(asked)
    Asset.objects.filter(pk=asked.asset_id).update(content_digest="b" * 64)
    for do in ("approve", "refuse", "offer"):
        refused(decide(session("owner"), world, asked, do, digest=shown), 409, "changed since")
    for do in ("approve", "refuse"):
        told = refused(session("owner").post(f"requests/{asked.pk}/{do}", {}), 400)
        assert set(told["errors"]) == {"digest", "reason"}


def test_the_card_is_for_those_who_decide(session: Caller, tokens: Caller, world: World, asked: AccessRequest) -> None:
    """It tells what speaks for and against its parties, so they do not read it."""
    path = f"requests/{asked.pk}/card"
    refused(session("engineer").get(path), 403, "party")
    refused(tokens("outsider").get(path), 404)
    refused(tokens("owner", "request").get(path), 403, "scope")
    for api in (tokens("owner", "read:access"), session("ciso"), session("auditor")):
        assert set(api.get(path).json()) == {
            "digest", "routine", "look_at", "checks_out", "reaches", "less", "effect",
        }  # fmt: skip
