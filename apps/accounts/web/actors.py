"""Who is behind a request."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY, get_authentication_records
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.queries import actor_for
from apps.core.actor import Actor, Strength

#: An address that means none, for a request whose own cannot be told.
NOWHERE = "0.0.0.0"  # noqa: S104


def origin_of(request: HttpRequest) -> str:
    """Return the address the request came from, as the proxies in front are trusted to say."""
    return get_client_ip(request) or NOWHERE


def request_id_of(request: HttpRequest) -> str:
    """Return the id of the request."""
    return str(getattr(request, "request_id", ""))


def visitor(request: HttpRequest) -> Actor:
    """Return whoever is behind a request before anyone signed in; holds no role and sees nothing."""
    return Actor(
        kind="visitor",
        id="visitor",
        label="Not signed in",
        origin=origin_of(request),
        request_id=request_id_of(request),
    )


def session_actor(request: HttpRequest, user: User) -> Actor:
    """Return the actor of a signed-in session: rights from the database, strength from how the session was proven."""
    records = get_authentication_records(request, user)
    proven = proven_at(records)
    key = request.session.session_key or ""
    return actor_for(
        user,
        origin=origin_of(request),
        strength=strength_of(records),
        authenticated_at=datetime.fromtimestamp(proven, tz=UTC) if proven else None,
        request_id=request_id_of(request),
        credential=f"session:{sha256(key.encode()).hexdigest()[:12]}",
    )


def forget_factor(request: HttpRequest, user: User, kind: str) -> None:
    """Take back from the session what a kind of factor had proven."""
    records = get_authentication_records(request, user)
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [record for record in records if record.get("type") != kind]


def strength_of(records: list[dict[str, Any]]) -> Strength:
    """Return how strongly a session was proven; what is not on record is not proven."""
    factors = {record.get("type") for record in records if record.get("method") == "mfa"}
    if Authenticator.Type.WEBAUTHN in factors:
        return Strength.PHISHING_RESISTANT
    if factors:
        return Strength.SECOND_FACTOR
    return Strength.PASSWORD if records else Strength.NONE


def proven_at(records: list[dict[str, Any]]) -> float:
    """Return when what makes up `strength_of` was last proven, in seconds since 1970; 0 for never.

    A password given again does not make an old second factor fresh, nor a code an old passkey.
    """
    factors = [record for record in records if record.get("method") == "mfa"]
    passkeys = [record for record in factors if record.get("type") == Authenticator.Type.WEBAUTHN]
    return max((record.get("at", 0) for record in passkeys or factors or records), default=0)
