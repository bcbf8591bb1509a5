"""Asking for somebody else: managers for their team, everybody for service accounts of their team."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.access.models import AccessRequest
from apps.access.queries.asking_for import may_ask_for
from apps.access.rules.requests import can_decide, can_request
from apps.access.states import RequestState
from apps.accounts.models import TeamMembership, User
from apps.core import clock
from apps.core.actor import Strength
from apps.notices.models import Notice
from tests.access.asking import TIER_2, TIER_3, World, actor_of

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]


def form(world: World, **fields: Any) -> dict[str, Any]:
    """Return a form that a manager fills for the engineer."""
    given = {
        "asset": f"{world.asset.kind}/{world.asset.slug}", "do": TIER_2, "for": "1h", "why": "She is travelling",
        "person": str(world.user("engineer").pk), "step": "send", **fields,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def test_the_field_lists_exactly_whom_the_rule_allows(world: World) -> None:
    """Every member of the cast against every other: query and rule say the same."""
    some = 0
    for user in world.cast.users.values():
        actor = actor_of(user)
        if user.kind == User.Kind.SERVICE:
            actor = replace(actor, strength=Strength.TOKEN, scopes=frozenset({"request"}))
        listed = set(may_ask_for(actor).values_list("pk", flat=True))
        allowed = {other.pk for other in world.cast.users.values() if other != user and can_request(actor, other)}
        assert listed == allowed, user
        some += len(listed)
    assert some > 0


def test_who_asks_for_nobody_sees_no_field(fresh: SignIn, world: World) -> None:
    TeamMembership.objects.filter(user=world.user("auditor")).delete()
    page = fresh("auditor").get("/access/new").content.decode()
    assert "For whom?" not in page and 'name="pq"' not in page


def test_a_manager_finds_and_asks_and_both_names_are_told(fresh: SignIn, world: World) -> None:
    manager, engineer = fresh("manager"), world.user("engineer")
    page = manager.get("/access/new", {"pq": engineer.name[:5]}).content.decode()
    assert "For whom?" in page and f"person={engineer.pk}" in page
    page = manager.get("/access/new", form(world)).content.decode()
    assert f"Request 1 h to read the weights, for {engineer.name}" in page and f"{engineer.name} gets 1 h" in page
    assert manager.post("/access/new", form(world)).status_code == 302
    row = AccessRequest.objects.get()
    asker = world.user("manager")
    assert (row.requester, row.beneficiary, row.state) == (asker, engineer, RequestState.PENDING)
    for name, url in (("owner", "/approvals"), ("owner", f"/approvals/REQ-{row.pk}"), ("engineer", "/access")):
        shown = fresh(name).get(url).content.decode()
        assert asker.name in shown and engineer.name in shown, url
    told = Notice.objects.get(kind="access.request.waiting", user=world.user("owner"))
    assert told.title.startswith(f"{asker.name} asks: ") and f"For {engineer.name}, who would have it" in told.lines


def test_what_is_granted_at_once_says_for_whom(fresh: SignIn, world: World) -> None:
    answer = fresh("manager").post("/access/new", form(world, do=TIER_3), follow=True)
    assert f"Granted for {world.user('engineer').name}" in answer.content.decode()
    assert AccessRequest.objects.get().grant.holder == world.user("engineer")


def test_neither_side_decides(fresh: SignIn, world: World) -> None:
    """Invariant 2: requester and beneficiary are barred, also where the route names them."""
    engineer = world.user("engineer")
    for asker, owner in (("manager", "manager"), ("manager", "engineer")):
        world.asset.owner = world.user(owner).person
        world.asset.save()
        row = world.ask(asker, beneficiary=engineer, operation="weights.read" if owner == "manager" else "train.run")
        for party in ("manager", "engineer"):
            refusal = can_decide(world.actor(party), row, clock.now())
            assert not refusal and refusal.reason


@pytest.mark.parametrize("name", ["engineer", "auditor", "ciso", "security_admin", "outsider"])
def test_who_may_not_ask_for_others_is_told_nothing(fresh: SignIn, world: World, name: str) -> None:
    """The answer for a colleague is that for somebody who does not exist."""
    client, other = fresh(name), world.user("owner" if name != "owner" else "engineer")
    for wanted in (str(other.pk), "00000000-0000-0000-0000-000000000009", "nobody", "'"):
        assert client.get("/access/new", {"person": wanted}).status_code == 404
        assert client.post("/access/new", form(world, person=wanted)).status_code == 404
    assert other.email not in client.get("/access/new", {"pq": other.email}).content.decode().replace(
        f'value="{other.email}"', ""
    )
    assert not AccessRequest.objects.exists()


def test_a_team_asks_for_its_service_account(fresh: SignIn, world: World) -> None:
    robot = world.user("service")
    TeamMembership.objects.get_or_create(user=robot, team=world.cast.teams["Model Engineering"])
    TeamMembership.objects.get_or_create(user=world.user("engineer"), team=world.cast.teams["Model Engineering"])
    client = fresh("engineer")
    assert "Service account" in client.get("/access/new", {"pq": robot.name}).content.decode()
    assert client.get("/access/new", {"person": str(robot.pk)}).status_code == 200


def test_oneself_needs_no_permission(fresh: SignIn, world: World) -> None:
    page = fresh("engineer").get("/access/new", form(world)).content.decode()
    assert "Request 1 h to read the weights" in page and "For myself instead" not in page


def test_htmx_gets_the_people_alone_and_the_address_keeps_them(fresh: SignIn, world: World) -> None:
    client, engineer = fresh("manager"), world.user("engineer")
    headers = {"HX-Request": "true", "HX-Target": "people"}
    part = client.get("/access/new", form(world, person=None, pq=engineer.name), headers=headers).content.decode()
    assert "<html" not in part and f"person={engineer.pk}" in part and "do=weights.read" in part
    none = client.get("/access/new", {"pq": "nobody of that name"}, headers=headers).content.decode()
    assert "You ask for nobody of this name" in none
    there = client.post("/access/new", form(world, step="look")).headers["Location"]
    assert f"person={engineer.pk}" in there


def test_the_form_for_others_stays_in_its_budget(fresh: SignIn, world: World) -> None:
    """At most 100 queries, whatever the team's size."""
    client = fresh("manager")
    with CaptureQueriesContext(connection) as seen:
        assert client.get("/access/new", form(world)).status_code == 200
    assert len(seen) <= 100
