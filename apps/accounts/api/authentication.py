"""Who calls the API: the holder of a token, or a signed-in session."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts import secrets
from apps.accounts.models import ApiToken, User
from apps.accounts.queries import actor_for, usable_token
from apps.accounts.rules import allowed_scopes
from apps.accounts.services.tokens import touch_token
from apps.accounts.web.actors import origin_of, request_id_of
from apps.core import clock
from apps.core.actor import Strength

#: One answer for every token that does not open: absent, wrong, expired, revoked, of a deactivated user.
BAD = "This token is unknown, revoked or expired."


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ztp_…` (RFC 6750). The actor has the rights of its user, limited to the token's scopes."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return (user, token), or None without a Bearer header; raise 401 for a token that does not open."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(BAD)
        given = words[1].decode("ascii", "replace")
        now = clock.now()
        token = usable_token(secrets.prefix_of(given), now)
        if token is None or not secrets.matches("token", given, token.digest):
            raise AuthenticationFailed(BAD)
        touch_token(token, now)
        _set_actor(request._request, token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in `WWW-Authenticate`, so that the answer is 401 and not 403."""
        return 'Bearer realm="api"'


def _set_actor(request: HttpRequest, token: ApiToken) -> None:
    actor = actor_for(
        token.user,
        origin=origin_of(request),
        strength=Strength.TOKEN,
        request_id=request_id_of(request),
        credential=f"token:{token.prefix}",
    )
    request.actor = replace(actor, scopes=allowed_scopes(token.scopes, actor.roles))  # type: ignore[attr-defined]


class SessionActorAuthentication(SessionAuthentication):
    """A signed-in browser; CSRF is enforced for everything that is not a read."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the session's user when the request has an actor."""
        if getattr(request._request, "actor", None) is None:
            return None
        return super().authenticate(request)
