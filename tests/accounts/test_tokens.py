"""API tokens: scopes, expiry, revocation, and that a token never has more than its user."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from apps.accounts import secrets, services
from apps.accounts.models import ApiToken
from apps.core import clock
from apps.core.actor import Role, Strength
from apps.core.errors import Conflict, Forbidden, Invalid
from tests.cast import Cast

pytestmark = pytest.mark.urls("tests.accounts.urls")


def make(cast: Cast, name: str, *scopes: str, by: str = "", days: int = 30) -> tuple[ApiToken, str]:
    """Create a token for a cast member."""
    made = services.create_token(
        actor=cast.actor(by or name),
        user=cast.users[name],
        name="export",
        scopes=scopes or ("read:inventory",),
        days=days,
    )
    return made.value  # type: ignore[no-any-return]


def call(token: str, path: str = "/api/v1/who") -> Any:
    """Call the API with a token."""
    return Client().get(path, HTTP_AUTHORIZATION=f"Bearer {token}")


def test_token_opens_what_it_may_and_nothing_else(cast: Cast) -> None:
    _, token = make(cast, "auditor", "read:inventory")
    answer = call(token)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(cast.users["auditor"].pk), "strength": Strength.TOKEN, "scopes": ["read:inventory"],
    }  # fmt: skip
    assert call(token, "/api/v1/audits").status_code == 403


@pytest.mark.parametrize(
    "given", ["", "x", "ztp_", "ztp_000000000000_" + "A" * 43, "a b", "ztp_" + "é" * 60, "ztp_" + "\u0000" * 60]
)
def test_what_is_no_token_gets_401(cast: Cast, given: str) -> None:
    answer = call(given)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_without_credentials_401(db: None) -> None:
    answer = Client().get("/api/v1/who")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_changed_secret_with_the_right_prefix_gets_401(cast: Cast) -> None:
    row, token = make(cast, "auditor")
    assert call(f"ztp_{row.prefix}_" + "A" * 43).status_code == 401
    assert call(token[:-1] + ("A" if token[-1] != "A" else "B")).status_code == 401


def test_revoked_expired_and_deactivated_get_401(cast: Cast) -> None:
    row, token = make(cast, "auditor")
    with clock.shifted(timedelta(days=30, seconds=-5)):
        assert call(token).status_code == 200
    with clock.shifted(timedelta(days=30, seconds=1)):
        assert call(token).status_code == 401
    services.revoke_token(actor=cast.actor("auditor"), token=row)
    assert call(token).status_code == 401
    with pytest.raises(Conflict):
        services.revoke_token(actor=cast.actor("auditor"), token=row)
    _, second = make(cast, "engineer")
    services.deactivate_user(actor=cast.actor("security_admin"), user=cast.users["engineer"])
    assert call(second).status_code == 401


def test_only_a_keyed_hash_is_stored(cast: Cast) -> None:
    row, token = make(cast, "auditor")
    secret = token.split("_", 2)[2]
    stored = ApiToken.objects.values().get(pk=row.pk)
    assert secret not in str(stored) and token not in str(stored)
    assert stored["digest"] == secrets.digest("token", token)


def test_token_survives_a_rotated_signing_secret_once(cast: Cast) -> None:
    _, token = make(cast, "auditor")
    with override_settings(SECRET_KEY="n" * 60, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert call(token).status_code == 200
    with override_settings(SECRET_KEY="n" * 60):
        assert call(token).status_code == 401


def test_a_lost_role_takes_the_tokens_rights_with_it(cast: Cast) -> None:
    _, token = make(cast, "auditor", "read:audit")
    assert call(token, "/api/v1/audits").status_code == 200
    services.remove_role(actor=cast.actor("security_admin"), user=cast.users["auditor"], role=Role.AUDITOR)
    assert call(token, "/api/v1/audits").status_code == 403


@pytest.mark.parametrize("name", ["manager", "engineer", "outsider"])
def test_scope_beyond_ones_roles_is_refused(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden, match="read:audit"):
        make(cast, name, "read:audit")
    assert make(cast, name, "read:inventory", "read:posture")


def test_a_persons_tokens_are_their_own(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="their own"):
        make(cast, "engineer", by="security_admin")
    row, _ = make(cast, "engineer")
    with pytest.raises(Forbidden):
        services.revoke_token(actor=cast.actor("outsider"), token=row)
    services.revoke_token(actor=cast.actor("security_admin"), token=row)


@pytest.mark.parametrize("name", ["ciso", "manager", "engineer", "auditor", "outsider", "service"])
def test_only_admins_make_tokens_of_service_accounts(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden):
        make(cast, "service", by=name)
    assert make(cast, "service", by="security_admin")


@pytest.mark.parametrize("strength", [Strength.PASSWORD, Strength.TOKEN, Strength.NONE])
def test_token_needs_a_second_factor(cast: Cast, strength: Strength) -> None:
    with pytest.raises(Forbidden, match="second factor"):
        services.create_token(
            actor=cast.actor("engineer", strength),
            user=cast.users["engineer"],
            name="x",
            scopes=["read:inventory"],
            days=1,
        )


@pytest.mark.parametrize("days", [0, -1, 366])
def test_token_lasts_at_most_a_year(cast: Cast, days: int) -> None:
    with pytest.raises(Invalid):
        make(cast, "engineer", days=days)


@pytest.mark.parametrize("scopes", [(), ("write:inventory",), ("read:inventory", "*")])
def test_unknown_scopes_are_refused(cast: Cast, scopes: tuple[str, ...]) -> None:
    with pytest.raises((Invalid, Forbidden)):
        services.create_token(
            actor=cast.actor("engineer"), user=cast.users["engineer"], name="x", scopes=scopes, days=1
        )


def test_last_use_is_kept_coarsely(cast: Cast, django_assert_num_queries: Any) -> None:
    row, token = make(cast, "auditor")
    call(token)
    row.refresh_from_db()
    first = row.last_used_at
    call(token)
    row.refresh_from_db()
    assert first is not None and row.last_used_at == first
    with clock.shifted(timedelta(minutes=11)):
        call(token)
    row.refresh_from_db()
    assert row.last_used_at > first


def test_session_calls_the_api_but_changes_need_the_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.users["engineer"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/api/v1/who").status_code == 200
    assert client.post("/api/v1/who").status_code == 403


def test_session_without_its_second_factor_gets_no_api(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.users["ciso"], backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get("/api/v1/who")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
