"""Grants through the API: extend, give back and take a token by the holder; revoke by who may take away."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from apps.access.models import AccessRequest, Grant
from apps.access.states import GrantState
from apps.audit.models import Entry
from apps.core import clock
from tests.access.api.conftest import Api, Caller, refused
from tests.access.asking import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(world: World) -> Grant:
    """The engineer's live grant of an hour, approved by the owner."""
    return Grant.objects.get(request=world.approve("owner", world.ask("engineer")))


def named(api: Api, live: Grant) -> dict[str, bool]:
    """Return what the API says may be done."""
    return {one["name"]: one["allowed"] for one in api.get(f"grants/{live.pk}").json()["actions"]}


@pytest.mark.parametrize("how", ["session", "token"])
def test_its_holder_extends_and_gives_back(session: Caller, tokens: Caller, live: Grant, how: str) -> None:
    api = session("engineer") if how == "session" else tokens("engineer")
    assert named(api, live) == {"extend": True, "release": True, "revoke": False, "token": True}
    refused(api.post(f"grants/{live.pk}/extend", {"minutes": 30}), 400, "reason")
    made = api.post(f"grants/{live.pk}/extend", {"minutes": 30, "reason": "Not done yet"})
    assert (made.status_code, made.json()["extends"], made.json()["state"]) == (201, live.pk, "pending")
    refused(api.post(f"grants/{live.pk}/extend", {"minutes": 30, "reason": "Again"}), 409, "asked for already")
    told = api.post(f"grants/{live.pk}/release").json()
    assert (told["state"], told["end_reason"]) == ("ended", "released")
    assert named(api, live) == {"extend": False, "release": False, "revoke": False, "token": True}
    for do in ("release", "token"):
        assert api.post(f"grants/{live.pk}/{do}").status_code in (403, 409)


def test_a_token_of_the_grant_is_what_the_page_issues(tokens: Caller, live: Grant) -> None:
    """RFC 9068, for the audience asked for, gone with the grant; never cached, and on record."""
    api = tokens("engineer")
    answer = api.post(f"grants/{live.pk}/token", {"audience": "https://mlflow.example"})
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_at"} and told["token_type"] == "Bearer"
    keys = KeySet([ECKey.import_key(key) for key in api.client.get("/.well-known/jwks.json").json()["keys"]])
    claims = jwt.decode(told["access_token"], keys, algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"], claims["grant"]) == ("https://mlflow.example", str(live.holder_id), live.name)
    assert Entry.objects.filter(action="access.token.issued").exists()
    assert live.name in jwt.decode(api.post(f"grants/{live.pk}/token").json()["access_token"], keys).claims["grant"]
    with clock.shifted(timedelta(minutes=60)):
        refused(api.post(f"grants/{live.pk}/token"), 409, "not active")
    refused(api.post(f"grants/{live.pk}/token", {"audience": "x" * 301}), 400, "audience")


@pytest.mark.parametrize(
    ("do", "sent", "words"),
    [("extend", {"minutes": 30, "reason": "x"}, "Only its holder"), ("release", {}, "Only its holder"),
     ("token", {}, "Only the holder")],
)  # fmt: skip
def test_nobody_else_uses_a_grant(
    session: Caller, tokens: Caller, live: Grant, do: str, sent: dict[str, object], words: str
) -> None:
    """Who sees it is told why not, who does not finds nothing, and a token needs the scope."""
    path = f"grants/{live.pk}/{do}"
    for name in ("owner", "manager", "ciso", "security_admin", "auditor"):
        refused(session(name).post(path, sent), 403, words)
        refused(tokens(name).post(path, sent), 403, words)
    refused(session("outsider").post(path, sent), 404)
    refused(tokens("service").post(path, sent), 404)
    refused(tokens("engineer", "read:access").post(path, sent), 403, "scope")
    assert Grant.objects.get().state == GrantState.ACTIVE and AccessRequest.objects.count() == 1


def test_revoking_takes_a_person_with_a_second_factor(session: Caller, tokens: Caller, live: Grant) -> None:
    """Its approver, the owner, administrators and the CISO; never by a token, never without a reason."""
    path, sent = f"grants/{live.pk}/revoke", {"reason": "Left the project"}
    for name in ("owner", "security_admin", "ciso"):
        refused(tokens(name).post(path, sent), 403, "second factor")
    for name in ("engineer", "manager", "auditor"):
        refused(session(name).post(path, sent), 403, "revoked by who approved it")
    refused(session("outsider").post(path, sent), 404)
    refused(session("owner").post(path, {"reason": " "}), 400, "reason")
    told = session("owner").post(path, sent).json()
    assert (told["state"], told["end_reason"]) == ("ended", "revoked")
