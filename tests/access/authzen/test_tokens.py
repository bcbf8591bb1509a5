"""Access tokens for grants (RFC 9068), the key set, and introspection (RFC 7662)."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from apps.access.models import Grant, SigningKey
from apps.access.services import signing
from apps.access.services.grant_tokens import issue_token
from apps.access.states import GrantState
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.inventory.models import Asset
from tests.access.authzen.test_assets import grant
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset(cast: Cast) -> Asset:
    """A model of the gateway's team."""
    return make_asset(tier=3, tier_confirmed=True, team=cast.teams["Model Engineering"])


@pytest.fixture
def live(cast: Cast, asset: Asset) -> Grant:
    """The engineer's live grant."""
    return grant(cast.users["engineer"], asset)


def issued(cast: Cast, live: Grant) -> str:
    return str(issue_token(actor=cast.actor("engineer"), grant=live, audience="https://mlflow.example").value.text)


def introspected(token: str, text: str) -> Any:
    form = {"data": urlencode({"token": text}), "content_type": "application/x-www-form-urlencoded"}
    answer = Client(HTTP_AUTHORIZATION=f"Bearer {token}").post("/access/v1/introspect", **form)
    assert answer.status_code == 200
    return answer.json()


def test_a_token_is_what_rfc_9068_asks_and_verifies_by_the_key_set(cast: Cast, live: Grant) -> None:
    text = issued(cast, live)
    keys = KeySet([ECKey.import_key(key) for key in Client().get("/.well-known/jwks.json").json()["keys"]])
    token = jwt.decode(text, keys, algorithms=["ES256"])
    assert (token.header["typ"], token.header["alg"]) == ("at+jwt", "ES256")
    assert set(token.claims) >= {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"}
    assert token.claims["aud"] == "https://mlflow.example"
    assert token.claims["sub"] == str(live.holder_id)
    assert 0 < token.claims["exp"] - token.claims["iat"] <= 300


def test_the_key_set_tells_no_private_half(cast: Cast, live: Grant) -> None:
    issued(cast, live)
    (key,) = Client().get("/.well-known/jwks.json").json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert '"d"' not in SigningKey.objects.get().sealed_private


def test_a_token_never_outlives_its_grant(cast: Cast, live: Grant) -> None:
    with clock.shifted(timedelta(minutes=58)):
        made = issue_token(actor=cast.actor("engineer"), grant=live).value
    assert made.expires_at == live.expires_at


@pytest.mark.parametrize("name", ["owner", "manager", "security_admin", "ciso", "auditor", "outsider", "service"])
def test_nobody_takes_a_token_for_anothers_grant(cast: Cast, live: Grant, name: str) -> None:
    with pytest.raises(Forbidden):
        issue_token(actor=cast.actor(name), grant=live)


def test_no_token_for_a_grant_that_is_not_live(cast: Cast, live: Grant) -> None:
    with clock.shifted(timedelta(minutes=60)), pytest.raises(Conflict):
        issue_token(actor=cast.actor("engineer"), grant=live)
    Grant.objects.update(state=GrantState.ENDING)
    with pytest.raises(Conflict):
        issue_token(actor=cast.actor("engineer"), grant=live)


def test_introspection_of_a_live_token_tells_whose_it_is(cast: Cast, live: Grant, token: str) -> None:
    told = introspected(token, issued(cast, live))
    assert (told["active"], told["sub"], told["scope"]) == (True, str(live.holder_id), "eval.run")


def test_a_revoked_grant_is_inactive_at_the_next_introspection(cast: Cast, live: Grant, token: str) -> None:
    text = issued(cast, live)
    assert introspected(token, text)["active"] is True
    Grant.objects.update(state=GrantState.ENDING)
    assert introspected(token, text) == {"active": False}


def test_at_its_end_a_token_is_inactive_though_nothing_runs(cast: Cast, live: Grant, token: str) -> None:
    with clock.shifted(timedelta(minutes=57)):
        text = issued(cast, live)
    assert live.expires_at is not None
    ahead = live.expires_at - clock.now()
    with clock.shifted(ahead - timedelta(seconds=30)):
        assert introspected(token, text)["active"] is True
    with clock.shifted(ahead):
        assert introspected(token, text) == {"active": False}


@pytest.mark.parametrize("given", ["", "x", "a.b.c", "é" * 50, "x" * 10_000])
def test_what_is_no_token_is_inactive(token: str, given: str) -> None:
    assert introspected(token, given) == {"active": False}


def test_a_token_signed_by_another_is_inactive(cast: Cast, live: Grant, token: str) -> None:
    text = issued(cast, live)
    foreign = ECKey.generate_key("P-256")
    kid = SigningKey.objects.get().kid
    claims = jwt.decode(text, ECKey.import_key(SigningKey.objects.get().public), algorithms=["ES256"]).claims
    forged = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims, foreign, algorithms=["ES256"])
    assert introspected(token, forged) == {"active": False}


def test_another_type_of_token_is_inactive(cast: Cast, live: Grant, token: str) -> None:
    text = issued(cast, live)
    kid, key = signing.signing_key(clock.now())
    claims = jwt.decode(text, key, algorithms=["ES256"]).claims
    other = jwt.encode({"alg": "ES256", "typ": "JWT", "kid": kid}, claims, key, algorithms=["ES256"])
    assert introspected(token, other) == {"active": False}


def test_a_caller_learns_nothing_of_assets_it_cannot_see(cast: Cast, token: str) -> None:
    hidden = make_asset(tier=3, tier_confirmed=True, team=cast.teams["Marketing Science"])
    theirs = grant(cast.users["outsider"], hidden)
    text = issue_token(actor=cast.actor("outsider"), grant=theirs).value.text
    assert introspected(token, text) == {"active": False}


def test_introspection_needs_a_caller(cast: Cast, live: Grant) -> None:
    assert Client().post("/access/v1/introspect", {"token": issued(cast, live)}).status_code == 401


def test_keys_rotate_and_old_tokens_stay_readable_for_a_day(cast: Cast, live: Grant, token: str) -> None:
    text = issued(cast, live)
    assert signing.rotate_due() == 0
    with clock.shifted(timedelta(days=30)):
        assert signing.rotate_due() == 1
        assert signing.rotate_due() == 0
        assert len(signing.published(clock.now())) == 2
    assert SigningKey.objects.get(retired_at__isnull=False).sealed_private == ""
    assert introspected(token, text)["active"] is True
    with clock.shifted(timedelta(days=31, minutes=1)):
        assert len(signing.published(clock.now())) == 1
