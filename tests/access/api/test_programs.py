"""Service accounts that ask for themselves: who may, what they then do with it, and that none helps its keeper."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.access.models import AccessRequest, Grant, Vote
from apps.access.states import RequestState
from apps.accounts.models import ApiToken, User
from apps.inventory.models import Asset
from tests.access.api.conftest import Caller, refused
from tests.access.asking import TIER_3, World
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
Body = Callable[..., dict[str, Any]]
TRAIN = "train.run"


def test_it_asks_for_itself_uses_and_gives_back(tokens: Caller, world: World, body: Body) -> None:
    """The whole round without a person where the tier wants none: ask, take a token, extend, give back."""
    api = tokens("service")
    told = api.post("requests", body(operation=TIER_3)).json()
    bot = str(world.user("service").pk)
    assert (told["state"], told["requester"], told["beneficiary"]) == ("approved", bot, bot)
    assert api.post(f"grants/{told['grant']}/token").status_code == 201
    more = api.post(f"grants/{told['grant']}/extend", {"minutes": 30, "reason": "Not done"}).json()
    assert (more["state"], more["extends"]) == ("approved", told["grant"])
    (held,) = api.get("grants", state="active").json()["results"]
    assert api.post(f"grants/{held['number']}/release").json()["end_reason"] == "released"


def test_what_needs_people_goes_to_them(tokens: Caller, session: Caller, world: World, body: Body) -> None:
    api = tokens("service")
    number = api.post("requests", body(operation=TRAIN)).json()["number"]
    digest = session("owner").get(f"requests/{number}/card").json()["digest"]
    answer = session("owner").post(f"requests/{number}/approve", {"digest": digest, "reason": "Nightly training"})
    assert answer.json()["state"] == "approved"
    assert Grant.objects.get().holder == world.user("service")


def test_a_program_without_the_right_asks_for_nothing(tokens: Caller, world: World, body: Body) -> None:
    """Without the scope, revoked, deactivated, or about what its teams do not see."""
    refused(tokens("service", "read:access", "decide").post("requests", body(operation=TIER_3)), 403, "scope")
    foreign = make_asset(tier=3, tier_confirmed=True, team=world.cast.teams["Marketing Science"])
    refused(tokens("service").post("requests", body(operation=TIER_3, asset=str(foreign.pk))), 404)
    revoked = tokens("service")
    ApiToken.objects.update(revoked_at=world.asset.first_seen_at)
    refused(revoked.post("requests", body(operation=TIER_3)), 401)
    late = tokens("service")
    User.objects.filter(pk=world.user("service").pk).update(is_active=False)
    refused(late.post("requests", body(operation=TIER_3)), 401)
    assert not AccessRequest.objects.exists()


@pytest.mark.parametrize("do", ["approve", "refuse", "ask", "offer"])
def test_it_decides_nothing(tokens: Caller, world: World, body: Body, do: str) -> None:
    """Neither about its own requests nor about others it was put to by mistake."""
    own = AccessRequest.objects.get(pk=tokens("service").post("requests", body(operation=TRAIN)).json()["number"])
    other = world.ask("engineer")
    other.asked.create(user=world.user("service"), stage=1, why="test", since=other.created_at)
    for request in (own, other):
        sent = {
            "approve": {"digest": world.shown(request), "reason": "x"}, "ask": {"text": "x"},
            "refuse": {"digest": world.shown(request), "reason": "x"},
            "offer": {"digest": world.shown(request), "operation": request.operation, "minutes": 5},
        }  # fmt: skip
        refused(tokens("service").post(f"requests/{request.pk}/{do}", sent[do]), 403, "Only a person")
        assert world.fresh(request).state == RequestState.PENDING
    assert not Vote.objects.exists()


def test_invariant_2_its_keeper_is_not_its_only_approver(
    tokens: Caller, session: Caller, world: World, body: Body
) -> None:
    """An administrator who made its token, and owns the asset, asks through it: the request goes past them, and their
    own approval is refused with the reason."""
    keeper = world.user("security_admin")
    Asset.objects.filter(pk=world.asset.pk).update(owner=keeper.person)
    told = tokens("service").post("requests", body(operation=TRAIN)).json()
    assert told["stages"][0]["people"] == ["Kofi Mensah"]
    request = AccessRequest.objects.get()
    sent = {"digest": world.shown(request), "reason": "It is mine"}
    for do in ("approve", "refuse"):
        refused(session("security_admin").post(f"requests/{request.pk}/{do}", sent), 403, "keep the service account")
    offer = {"digest": world.shown(request), "operation": TRAIN, "minutes": 5}
    refused(session("security_admin").post(f"requests/{request.pk}/offer", offer), 403, "keep the service account")
    assert world.fresh(request).state == RequestState.PENDING and not Grant.objects.exists()


def test_invariant_2_with_nobody_but_its_keeper_it_fails(tokens: Caller, world: World, body: Body) -> None:
    """Never approved for want of another (invariant 6)."""
    Asset.objects.filter(pk=world.asset.pk).update(owner=world.user("security_admin").person)
    world.user("manager").groups.clear()
    told = tokens("service").post("requests", body(operation=TRAIN)).json()
    assert told["state"] == "failed" and not Grant.objects.exists()
