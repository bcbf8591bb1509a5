"""Losing rights acts on the next request: sessions, tokens, roles (reliability.md, P9)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts import services
from apps.accounts.models import ApiToken, User
from apps.accounts.participants import PARTICIPANTS
from apps.accounts.queries import roles_of
from apps.core.actor import Actor, Role, Strength
from apps.core.errors import Conflict, Forbidden
from tests.cast import Cast

SignIn = Callable[..., Client]


def test_deactivation_ends_sessions_tokens_roles_and_proposals(cast: Cast, signed_in: Callable[[str], Client]) -> None:
    client = signed_in("engineer")
    assert client.get("/account").status_code == 200
    user, admin = cast.users["engineer"], cast.actor("security_admin")
    services.create_token(actor=cast.actor("engineer"), user=user, name="x", scopes=["read:inventory"], days=9)
    change = services.propose_role(actor=admin, user=user, role=Role.AUDITOR).value
    services.deactivate_user(actor=admin, user=user)
    assert client.get("/account").status_code == 302
    assert not ApiToken.objects.filter(user=user, revoked_at__isnull=True).exists()
    assert roles_of(user.pk) == frozenset()
    assert not UserSession.objects.filter(user=user).exists()
    change.refresh_from_db()
    assert change.state == "withdrawn"
    services.reactivate_user(actor=admin, user=user)
    assert client.get("/account").status_code == 302
    assert roles_of(user.pk) == frozenset()
    with pytest.raises(Conflict):
        services.reactivate_user(actor=admin, user=user)


def test_a_removed_role_is_missing_on_the_next_request(cast: Cast, signed_in: Callable[[str], Client]) -> None:
    client = signed_in("second_admin")
    assert client.get("/setup/people").status_code == 200
    services.remove_role(actor=cast.actor("security_admin"), user=cast.users["second_admin"], role=Role.SECURITY_ADMIN)
    assert client.get("/setup/people").status_code == 403


def test_admin_ends_all_sessions_of_someone(cast: Cast, sign_in: SignIn) -> None:
    clients = [sign_in("engineer"), sign_in("engineer")]
    for client in clients:
        assert client.get("/account").status_code == 200
    assert services.end_sessions(actor=cast.actor("security_admin"), user=cast.users["engineer"]).value == 2
    for client in clients:
        assert client.get("/account").status_code == 302


@pytest.mark.parametrize("name", ["ciso", "manager", "auditor", "outsider", "service"])
def test_others_end_nobodys_sessions(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden):
        services.end_sessions(actor=cast.actor(name), user=cast.users["engineer"])


@pytest.mark.parametrize("name", ["ciso", "manager", "engineer", "auditor", "outsider", "service"])
def test_others_deactivate_nobody(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden):
        services.deactivate_user(actor=cast.actor(name), user=cast.users["owner"])
    with pytest.raises(Forbidden):
        services.reactivate_user(actor=cast.actor(name), user=cast.users["owner"])


def test_nobody_deactivates_themselves(cast: Cast) -> None:
    with pytest.raises(Forbidden, match="themselves"):
        services.deactivate_user(actor=cast.actor("security_admin"), user=cast.users["security_admin"])


def test_person_signs_one_other_session_out(cast: Cast, sign_in: SignIn) -> None:
    here, there = sign_in("engineer"), sign_in("engineer")
    here.get("/account"), there.get("/account")
    key = there.cookies["sessionid"].value
    row = UserSession.objects.get(session_key=key)
    here.post("/account/sessions", {"session": str(row.pk)})
    assert there.get("/account").status_code == 302
    assert here.get("/account").status_code == 200


def test_person_does_not_end_a_strangers_session(cast: Cast, sign_in: SignIn) -> None:
    here, stranger = sign_in("engineer"), sign_in("outsider")
    row = UserSession.objects.get(user=cast.users["outsider"])
    here.post("/account/sessions", {"session": str(row.pk)})
    assert stranger.get("/account").status_code == 200


def test_token_ends_no_sessions(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        services.end_sessions(actor=cast.actor("engineer", Strength.TOKEN), user=cast.users["engineer"])


def test_changed_password_ends_every_session(cast: Cast, sign_in: SignIn) -> None:
    here, there = sign_in("engineer"), sign_in("engineer")
    new = "seven green bottles hanging"
    posted = {"oldpassword": "correct horse battery", "password1": new, "password2": new}
    assert here.post("/account/password", posted).status_code == 302
    for client in (here, there):
        assert client.get("/account").status_code == 302


def test_participants_run_inside_the_transaction(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def refuse(actor: Actor, user: User, now: datetime) -> None:
        seen.append(str(user.pk))
        raise Conflict("a grant cannot be ended")

    monkeypatch.setattr(PARTICIPANTS, "_entries", {"test": refuse})
    user = cast.users["engineer"]
    with pytest.raises(Conflict):
        services.deactivate_user(actor=cast.actor("security_admin"), user=user)
    assert seen == [str(user.pk)]
    assert User.objects.get(pk=user.pk).is_active
    assert roles_of(user.pk) == {Role.ENGINEER}


def test_page_views_read_and_hardly_write(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("engineer")
    client.get("/account/sessions")
    with CaptureQueriesContext(connection) as captured:
        client.get("/account/sessions")
    writes = [query["sql"] for query in captured if not query["sql"].startswith("SELECT")]
    assert writes == []
    assert len(captured) <= 12


def test_last_use_of_a_session_is_kept(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("engineer")
    row = UserSession.objects.get(user=cast.users["engineer"])
    UserSession.objects.update(last_seen_at=row.created_at - timedelta(hours=1))
    client.get("/account")
    row.refresh_from_db()
    assert row.last_seen_at >= row.created_at - timedelta(seconds=1)
