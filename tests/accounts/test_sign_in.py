"""Sign-in: password, second factor, recovery codes, lock-out, redirects, session keys."""

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client

from apps.accounts.models import User
from tests.accounts.conftest import PASSWORD, code_of, post_password
from tests.cast import Cast

SignIn = Callable[..., Client]


def test_engineer_signs_in_with_password_alone(sign_in: SignIn) -> None:
    assert sign_in("engineer").get("/account").status_code == 200


def test_addresses_are_compared_without_case(cast: Cast) -> None:
    assert post_password(Client(), "ENGINEER@Fenwick.example", PASSWORD).status_code == 302


def test_wrong_password_and_unknown_address_get_the_same_answer(cast: Cast) -> None:
    wrong = post_password(Client(), "engineer@fenwick.example", "not it at all").content.decode()
    unknown = post_password(Client(), "nobody@fenwick.example", "not it at all").content.decode()
    assert "are not correct" in wrong
    assert wrong.count("are not correct") == unknown.count("are not correct")


def test_second_factor_is_asked_and_its_page_opens_nothing(
    sign_in: SignIn, cast: Cast, enrol: Callable[[User], str]
) -> None:
    enrol(cast.users["ciso"])
    client = Client()
    answer = post_password(client, "ciso@fenwick.example", PASSWORD)
    assert answer["Location"].endswith("/account/factors/authenticate/")
    assert client.get("/account").status_code == 302
    for posted in ({}, {"code": ""}, {"code": "000000"}):
        client.post("/account/factors/authenticate/", posted)
        assert client.get("/account").status_code == 302


def test_code_opens_and_works_once(sign_in: SignIn, cast: Cast, enrol: Callable[[User], str]) -> None:
    secret = enrol(cast.users["ciso"])
    code = code_of(secret)
    first = Client()
    post_password(first, "ciso@fenwick.example", PASSWORD)
    first.post("/account/factors/authenticate/", {"code": code})
    assert first.get("/account").status_code == 200
    second = Client()
    post_password(second, "ciso@fenwick.example", PASSWORD)
    second.post("/account/factors/authenticate/", {"code": code})
    assert second.get("/account").status_code == 302


def test_recovery_code_opens_once(cast: Cast, enrol: Callable[[User], str]) -> None:
    user = cast.users["ciso"]
    enrol(user)
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    for expected in (200, 302):
        client = Client()
        post_password(client, user.email, PASSWORD)
        client.post("/account/factors/authenticate/", {"code": code})
        assert client.get("/account").status_code == expected


def test_factor_secrets_are_stored_encrypted(cast: Cast, enrol: Callable[[User], str]) -> None:
    secret = enrol(cast.users["ciso"])
    stored = Authenticator.objects.get(user=cast.users["ciso"]).data["secret"]
    assert secret not in stored and stored.startswith("gAAAA")


def test_five_failures_lock_the_account_with_429_even_for_the_right_password(cast: Cast) -> None:
    client = Client()
    for _ in range(5):
        assert post_password(client, "engineer@fenwick.example", "wrong wrong wrong").status_code == 200
    locked = post_password(client, "engineer@fenwick.example", PASSWORD)
    assert locked.status_code == 429
    assert locked["Retry-After"] == "300"
    assert client.get("/account").status_code == 302
    elsewhere = post_password(Client(), "engineer@fenwick.example", PASSWORD, REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 429
    other_host = post_password(Client(), "ENGINEER@fenwick.example ", PASSWORD, HTTP_HOST="127.0.0.1")
    assert other_host.status_code == 429


def test_locking_one_account_leaves_others_alone(cast: Cast) -> None:
    for _ in range(6):
        post_password(Client(), "engineer@fenwick.example", "wrong wrong wrong")
    assert post_password(Client(), "owner@fenwick.example", PASSWORD).status_code == 302


def test_one_address_guessing_at_many_accounts_is_stopped(cast: Cast) -> None:
    answers = [post_password(Client(), f"user{n}@fenwick.example", "wrong wrong").status_code for n in range(11)]
    assert answers == [200] * 10 + [429]
    assert post_password(Client(), "owner@fenwick.example", PASSWORD, REMOTE_ADDR="198.51.100.7").status_code == 302


def test_five_wrong_codes_lock_the_second_factor_with_429(cast: Cast, enrol: Callable[[User], str]) -> None:
    secret = enrol(cast.users["ciso"])
    client = Client()
    post_password(client, "ciso@fenwick.example", PASSWORD)
    for _ in range(5):
        assert client.post("/account/factors/authenticate/", {"code": "000000"}).status_code == 200
    assert client.post("/account/factors/authenticate/", {"code": code_of(secret)}).status_code == 429
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/x", "javascript:alert(1)"],
)
def test_foreign_redirect_targets_lead_home(cast: Cast, target: str) -> None:
    answer = Client().post(
        "/account/login", {"login": "engineer@fenwick.example", "password": PASSWORD, "next": target}
    )
    assert answer.status_code == 302
    assert answer["Location"] == "/"


def test_own_redirect_targets_are_followed(cast: Cast) -> None:
    answer = Client().post(
        "/account/login", {"login": "engineer@fenwick.example", "password": PASSWORD, "next": "/account/security"}
    )
    assert answer["Location"] == "/account/security"


def test_session_key_is_new_at_sign_in(cast: Cast, sign_in: SignIn) -> None:
    client = Client()
    session = client.session
    session["planted"] = "yes"
    session.save()
    fixed = session.session_key
    client.cookies["sessionid"] = fixed
    sign_in("engineer", client=client)
    assert client.cookies["sessionid"].value != fixed
    stranger = Client()
    stranger.cookies["sessionid"] = fixed
    assert stranger.get("/account").status_code == 302


def test_session_key_is_new_at_step_up(cast: Cast, sign_in: SignIn, enrol: Callable[[User], str]) -> None:
    client = sign_in("engineer")
    secret = enrol(cast.users["engineer"])
    before = client.cookies["sessionid"].value
    answer = client.post("/account/factors/reauthenticate/", {"code": code_of(secret), "next": "/account/tokens"})
    assert answer.status_code == 302 and answer["Location"] == "/account/tokens"
    assert client.cookies["sessionid"].value != before
    assert client.get("/account/tokens").context["may"].allowed
    stale = Client()
    stale.cookies["sessionid"] = before
    assert stale.get("/account").status_code == 302


def test_nobody_signs_up(db: None) -> None:
    for answer in (Client().get("/account/signup"), Client().post("/account/signup", {"email": "x@y.example"})):
        assert b"No sign-up here" in answer.content
    assert not User.objects.exists()


def test_service_account_has_no_way_in_by_password(cast: Cast) -> None:
    service = cast.users["service"]
    service.set_password(PASSWORD)
    service.save()
    client = Client()
    assert post_password(client, service.email, PASSWORD)["Location"].endswith("/account/inactive")
    assert client.get("/account").status_code == 302


def test_deactivated_person_does_not_come_in(cast: Cast) -> None:
    User.objects.filter(pk=cast.users["engineer"].pk).update(is_active=False)
    client = Client()
    post_password(client, "engineer@fenwick.example", PASSWORD)
    assert client.get("/account").status_code == 302
