"""Pages of accounts by role, and what they show."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.models import RoleChange, Team, User
from apps.accounts.queries import roles_of
from apps.core.actor import Role
from tests.cast import Cast

SignedIn = Callable[[str], Client]
OWN = ("/account", "/account/security", "/account/sessions", "/account/tokens", "/account/factors/")
SETUP = (
    "/setup/people",
    "/setup/people.csv",
    "/setup/people.json",
    "/setup/proposals",
    "/setup/teams",
    "/setup/services",
)
ADMIN_ONLY = ("/setup/people/new",)
OVERSEERS = ("ciso", "security_admin", "auditor")
OTHERS = ("manager", "owner", "engineer", "outsider")


@pytest.mark.parametrize("name", [*OVERSEERS, *OTHERS])
def test_everyone_has_their_own_pages(signed_in: SignedIn, name: str) -> None:
    client = signed_in(name)
    for path in OWN:
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("name", OVERSEERS)
def test_overseers_see_people(cast: Cast, signed_in: SignedIn, name: str) -> None:
    client = signed_in(name)
    for path in (*SETUP, f"/setup/people/{cast.users['engineer'].pk}"):
        assert client.get(path).status_code == 200, path
    for path in ADMIN_ONLY:
        assert client.get(path).status_code == (200 if name == "security_admin" else 403), path


@pytest.mark.parametrize("name", OTHERS)
def test_others_do_not(cast: Cast, signed_in: SignedIn, name: str) -> None:
    client = signed_in(name)
    for path in (*SETUP, *ADMIN_ONLY, f"/setup/people/{cast.users['ciso'].pk}"):
        answer = client.get(path)
        assert answer.status_code == 403, path
        assert b"dana whitlock" not in answer.content.lower()


def test_strangers_are_sent_to_sign_in(cast: Cast) -> None:
    for path in (*OWN, *SETUP, *ADMIN_ONLY, f"/setup/people/{cast.users['ciso'].pk}"):
        answer = Client().get(path)
        assert answer.status_code == 302 and answer["Location"].startswith("/account/login"), path


@pytest.mark.parametrize("name", ["ciso", "auditor", "manager", "engineer"])
def test_no_post_of_others_changes_anything(cast: Cast, signed_in: SignedIn, name: str) -> None:
    client, who = signed_in(name), cast.users["outsider"]
    team = cast.teams["Marketing Science"]
    change = services.propose_role(actor=cast.actor("security_admin"), user=who, role=Role.MANAGER).value
    before = list(User.objects.values()), list(Team.objects.values())
    for path, posted in {
        "/setup/people/new": {"name": "X", "email": "x@fenwick.example"},
        f"/setup/people/{who.pk}/invite": {},
        f"/setup/people/{who.pk}/deactivate": {},
        f"/setup/people/{who.pk}/reactivate": {},
        f"/setup/people/{who.pk}/sessions": {},
        f"/setup/people/{who.pk}/tokens": {"name": "x", "scopes": "read:inventory", "days": "3"},
        f"/setup/people/{who.pk}/roles": {"role": "ciso"},
        f"/setup/people/{who.pk}/roles/remove": {"role": "engineer"},
        f"/setup/proposals/{change.pk}": {"decision": "confirm"},
        f"/setup/teams/{team.pk}/members": {"user": str(who.pk), "manages": "on"},
        "/setup/teams": {"name": "Mine"},
        "/setup/services": {"name": "Mine", "slug": "mine"},
    }.items():
        assert client.post(path, posted).status_code in (403, 404), path
    assert (list(User.objects.values()), list(Team.objects.values())) == before
    assert roles_of(who.pk) == {Role.ENGINEER}
    assert RoleChange.objects.get(pk=change.pk).state == "proposed"


def test_invitation_from_form_to_link(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in("security_admin")
    made = client.post("/setup/people/new", {"name": "Nadia Rahman", "email": "nadia@fenwick.example"})
    user = User.objects.get(email="nadia@fenwick.example")
    assert made["Location"] == f"/setup/people/{user.pk}"
    shown = client.post(f"/setup/people/{user.pk}/invite")
    link = shown.context["link"]
    assert link.startswith("http://localhost:8000/account/link/")
    assert link.encode() in shown.content
    again = client.post("/setup/people/new", {"name": "Nadia", "email": "NADIA@fenwick.example"})
    assert again.status_code == 400 and b"Already in use" in again.content


def test_role_from_proposal_to_confirmation(cast: Cast, signed_in: SignedIn) -> None:
    who = cast.users["engineer"]
    first, second = signed_in("security_admin"), signed_in("second_admin")
    first.post(f"/setup/people/{who.pk}/roles", {"role": "manager", "reason": "leads the team from Monday"})
    change = RoleChange.objects.get()
    assert b"Confirm</button>" not in first.get("/setup/proposals").content
    assert b"leads the team from Monday" in second.get("/setup/proposals").content
    assert first.post(f"/setup/proposals/{change.pk}", {"decision": "confirm"}).status_code == 403
    assert second.post(f"/setup/proposals/{change.pk}", {"decision": "confirm"}).status_code == 302
    assert second.post(f"/setup/proposals/{change.pk}", {"decision": "confirm"}).status_code == 403
    assert roles_of(who.pk) == {Role.ENGINEER, Role.MANAGER}
    assert first.post(f"/setup/people/{who.pk}/roles/remove", {"role": "manager"}).status_code == 302
    assert roles_of(who.pk) == {Role.ENGINEER}


def test_service_account_and_its_token(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in("security_admin")
    made = client.post("/setup/services", {"name": "SIEM export", "slug": "siem"})
    user = User.objects.get(email="siem@service.invalid")
    assert roles_of(user.pk) == {Role.SERVICE}
    assert not user.has_usable_password()
    page = client.post(made["Location"], {"name": "nightly", "scopes": ["read:posture"], "days": "30"})
    token = page.context["token"]
    assert token.encode() in page.content
    assert token.encode() not in client.get(made["Location"]).content


def test_teams_by_form(cast: Cast, signed_in: SignedIn) -> None:
    client, who = signed_in("security_admin"), cast.users["engineer"]
    client.post("/setup/teams", {"name": "Pricing", "business_unit": "Actuarial"})
    team = Team.objects.get(name="Pricing")
    client.post(f"/setup/teams/{team.pk}/members", {"user": str(who.pk), "manages": "on"})
    assert who.memberships.get(team=team).manages
    client.post(f"/setup/teams/{team.pk}/members", {"user": str(who.pk), "remove": "1"})
    assert not who.memberships.filter(team=team).exists()
    assert client.post("/setup/teams", {"name": "pricing"}).status_code == 400


def test_names_from_outside_are_escaped(cast: Cast, signed_in: SignedIn) -> None:
    User.objects.filter(pk=cast.users["engineer"].pk).update(name="</script><svg onload=alert(1)>")
    content = signed_in("security_admin").get("/setup/people").content
    assert b"<svg onload" not in content


def test_export_has_the_filtered_rows(cast: Cast, signed_in: SignedIn) -> None:
    answer = signed_in("auditor").get("/setup/people.json?role=engineer")
    names = {row["name"] for row in json.loads(answer.getvalue())["rows"]}
    assert names == {"Priya Raman", "Jonas Lindqvist", "Marek Novak"}


def test_unknown_filters_are_no_sql(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in("auditor")
    for query in ("_connector=OR 1=1--", "groups__name__contains=x", "role=nobody"):
        assert client.get(f"/setup/people?{query}").status_code in (200, 400)


def test_shortcuts_switch(cast: Cast, signed_in: SignedIn) -> None:
    client = signed_in("engineer")
    assert b'data-shortcuts="off"' not in client.get("/account").content
    client.post("/account/shortcuts", {"shortcuts": "off"})
    assert b'data-shortcuts="off"' in client.get("/account").content


def test_forms_need_the_csrf_token(cast: Cast, signed_in: SignedIn) -> None:
    session = signed_in("security_admin").cookies["sessionid"].value
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = session
    assert strict.post(f"/setup/people/{cast.users['engineer'].pk}/deactivate").status_code == 403
    assert User.objects.get(pk=cast.users["engineer"].pk).is_active


def test_the_list_of_people_names_each_role_that_somebody_holds(signed_in: Callable[[str], Client], cast: Cast) -> None:
    rows = b"".join(signed_in("auditor").get("/setup/people.csv").streaming_content).decode()
    assert "Kofi Mensah,manager@fenwick.example,Person,Manager," in rows
    assert "Lena Fürst,auditor@fenwick.example,Person,Auditor," in rows
