"""Access tokens for live grants: JSON Web Tokens of RFC 9068 that last five minutes at most.

A token is proof for a resource server that cannot ask; one that can asks by introspection, where a revoked grant is
inactive at once.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from apps.access.events import TOKEN_ISSUED
from apps.access.models import Grant
from apps.access.queries.live import live_grants
from apps.access.rules.tokens import can_take_token
from apps.access.services.signing import ALGORITHM, published, signing_key
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject

LASTS = timedelta(minutes=5)
TYPE = "at+jwt"
LONGEST_AUDIENCE = 300


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and until when it is good."""

    text: str
    expires_at: datetime


@command(TOKEN_ISSUED)
def issue_token(*, actor: Actor, grant: Grant, audience: str = "", now: datetime) -> Changed:
    """Issue a token to the holder of a live grant; the value is Issued. It never outlives the grant.

    `audience` is who may take it, by default the asset's id here. Raises Forbidden unless the actor holds the grant,
    Conflict when the grant is not live, Invalid for an audience over 300 characters.
    """
    can_take_token(actor, grant).require()
    live = live_grants(now).filter(pk=grant.pk).first()
    if live is None or live.expires_at is None:
        raise Conflict("This grant is not active.")
    if len(audience) > LONGEST_AUDIENCE:
        raise Invalid("An audience has at most 300 characters.", audience="At most 300 characters.")
    expires_at = min(now + LASTS, live.expires_at)
    kid, key = signing_key(now)
    claims = _claims(actor, live, audience, now, expires_at)
    text = jwt.encode({"alg": ALGORITHM, "typ": TYPE, "kid": kid}, claims, key, algorithms=[ALGORITHM])
    details: dict[str, object] = {"jti": claims["jti"], "expires_at": expires_at.isoformat(), "audience": claims["aud"]}
    return Changed(Subject("grant", str(live.pk), live.name), details, value=Issued(text, expires_at))


def _claims(actor: Actor, grant: Grant, audience: str, now: datetime, expires_at: datetime) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "iss": _issuer(),
        "sub": str(grant.holder_id),
        "aud": audience or f"{_issuer()}/assets/{grant.asset_id}",
        "client_id": actor.credential.partition(":")[0] or "portal",
        "iat": int(now.timestamp()),
        "exp": int(expires_at.timestamp()),
        "jti": str(uuid.uuid4()),
        "scope": grant.operation,
        "grant": grant.name,
        "asset": str(grant.asset_id),
    }
    if actor.authenticated_at is not None:
        claims["auth_time"] = int(actor.authenticated_at.timestamp())
    return claims


def _issuer() -> str:
    return settings.ZTPORTAL_ORIGIN.rstrip("/")


def introspect(text: str, visible: Any, now: datetime) -> dict[str, Any]:
    """Return what RFC 7662 says of a token: `{"active": False}` for everything that is not of a live grant now.

    `visible` are the assets that the caller may see; a token for another asset is as unknown as any.
    """
    claims = _read(text, now)
    if claims is None or claims["exp"] <= now.timestamp():
        return {"active": False}
    number = str(claims.get("grant", "")).removeprefix("G-")
    alive = live_grants(now).filter(
        pk=int(number) if number.isdigit() else 0, holder_id=claims["sub"], asset_id=claims["asset"],
        operation=claims["scope"], asset__in=visible,
    )  # fmt: skip
    if not alive.exists():
        return {"active": False}
    names = ("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti")
    return {"active": True, "token_type": "Bearer", **{name: claims[name] for name in names}}


def _read(text: str, now: datetime) -> dict[str, Any] | None:
    keys = KeySet([ECKey.import_key(public) for public in published(now)])
    try:
        token = jwt.decode(text, keys, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return None
    good = token.header.get("typ") == TYPE and token.claims.get("iss") == _issuer()
    return dict(token.claims) if good else None
