"""Roles that change anything need a second factor: to open pages, and in the session that acts."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.accounts.rules import requires_second_factor
from apps.core.actor import CHANGING_ROLES, Role, Strength, system
from tests.accounts.conftest import code_of, post_password
from tests.cast import Cast

SignIn = Callable[..., Client]
SETUP = "/account/factors/"
CLOSED = ("/account", "/account/security", "/account/tokens", "/account/sessions", "/setup/people", "/account/password")


@pytest.mark.parametrize("name", ["ciso", "security_admin", "manager"])
def test_without_a_factor_only_its_set_up_opens(sign_in: SignIn, name: str) -> None:
    client = sign_in(name)
    for path in CLOSED:
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, SETUP), path
    assert client.post("/setup/people/new", {"name": "X", "email": "x@fenwick.example"})["Location"] == SETUP
    assert not User.objects.filter(email="x@fenwick.example").exists()
    for path in (SETUP, "/account/factors/totp/activate/", "/account/factors/webauthn/add/"):
        assert client.get(path).status_code == 200, path
    assert client.post("/account/logout").status_code == 302


def test_parts_of_pages_are_sent_there_too(sign_in: SignIn) -> None:
    answer = sign_in("manager").get("/account", HTTP_HX_REQUEST="true")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, SETUP)


@pytest.mark.parametrize("name", ["engineer", "auditor", "outsider"])
def test_others_may_go_without(sign_in: SignIn, name: str) -> None:
    assert sign_in(name).get("/account").status_code == 200


def test_setting_up_an_app_opens_the_portal(sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("security_admin")
    page = client.get("/account/factors/totp/activate/")
    secret = page.context["form"].secret
    assert b"data:image/svg+xml;base64," in page.content
    before = client.cookies["sessionid"].value
    monkeypatch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
    answer = client.post("/account/factors/totp/activate/", {"code": code_of(secret)})
    assert answer["Location"] == "/account/factors/recovery-codes/"
    assert client.cookies["sessionid"].value != before
    assert len(client.get(answer["Location"]).context["unused_codes"]) == 10
    assert client.get("/setup/people").status_code == 200


def test_wrong_code_sets_nothing_up(sign_in: SignIn, cast: Cast) -> None:
    client = sign_in("security_admin")
    client.get("/account/factors/totp/activate/")
    assert client.post("/account/factors/totp/activate/", {"code": "000000"}).status_code == 200
    assert not Authenticator.objects.exists()


def test_session_older_than_the_factor_proves_it_first(
    sign_in: SignIn, cast: Cast, enrol: Callable[[User], str]
) -> None:
    client = sign_in("ciso")
    secret = enrol(cast.users["ciso"])
    answer = client.get("/account")
    assert answer["Location"].startswith("/account/factors/reauthenticate/?next=")
    for path in ("/account/factors/webauthn/add/", "/account/factors/totp/activate/", SETUP):
        assert client.get(path)["Location"].startswith("/account/factors/reauthenticate/"), path
    client.post("/account/factors/reauthenticate/", {"code": code_of(secret), "next": "/account"})
    assert client.get("/account").status_code == 200


def test_password_alone_adds_no_second_key_beside_a_factor(
    sign_in: SignIn, cast: Cast, enrol: Callable[[User], str]
) -> None:
    client = sign_in("engineer")
    enrol(cast.users["engineer"])
    answer = client.get("/account/factors/webauthn/add/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/factors/reauthenticate/")


def test_removing_the_only_factor_closes_the_portal(sign_in: SignIn, cast: Cast, enrol: Callable[[User], str]) -> None:
    secret = enrol(cast.users["ciso"])
    elsewhere = Client()
    post_password(elsewhere, "ciso@fenwick.example", "correct horse battery")
    elsewhere.post("/account/factors/authenticate/", {"code": code_of(secret)})
    cache.clear()
    client = sign_in("ciso", secret)
    for session in (client, elsewhere):
        assert session.get("/account").status_code == 200
    assert client.post("/account/factors/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=cast.users["ciso"]).exists()
    stale = client.get("/account")
    assert (stale.status_code, stale["Location"]) == (302, SETUP)
    assert elsewhere.get("/account")["Location"].startswith("/account/login")


@pytest.mark.parametrize("strength", list(Strength))
def test_rule_by_strength(cast: Cast, strength: Strength) -> None:
    strong = strength in (Strength.SECOND_FACTOR, Strength.PHISHING_RESISTANT, Strength.SYSTEM)
    assert requires_second_factor(cast.actor("security_admin", strength)).allowed == strong
    assert requires_second_factor(system("reconciler")).allowed


def test_changing_roles_are_the_ones_that_change() -> None:
    assert {Role.CISO, Role.SECURITY_ADMIN, Role.MANAGER} == CHANGING_ROLES


def test_step_up_with_a_used_code_is_refused(cast: Cast, sign_in: SignIn) -> None:
    secret = totp.generate_totp_secret()
    client = sign_in("engineer")
    totp.TOTP.activate(cast.users["engineer"], secret)
    code = code_of(secret)
    other = Client()
    post_password(other, "engineer@fenwick.example", "correct horse battery")
    other.post("/account/factors/authenticate/", {"code": code})
    assert client.post("/account/factors/reauthenticate/", {"code": code}).status_code == 200
    assert not client.get("/account/tokens").context["may"].allowed
