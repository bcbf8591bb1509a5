"""The key set of access tokens (RFC 7517) and their introspection (RFC 7662)."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.authzen.base import AuthzenView
from apps.access.services.grant_tokens import introspect
from apps.access.services.signing import published
from apps.core import clock
from apps.inventory.models import Asset

#: Seconds for which a key set may be kept: shorter than a retired key stays in it.
KEEP = 300
LONGEST = 8_000


class KeySet(AuthzenView):
    """`/.well-known/jwks.json`: the public keys, for everyone."""

    authentication_classes = []
    permission_classes = []

    def get(self, request: Request) -> Response:
        """Answer the keys that sign or just signed."""
        return Response({"keys": published(clock.now())}, headers={"Cache-Control": f"public, max-age={KEEP}"})


class Introspection(AuthzenView):
    """Is this token still good? For callers that may ask for decisions."""

    def post(self, request: Request) -> Response:
        """Answer 200 always: `active`, and what the token says when it is."""
        given = request._request.POST.get("token", "")
        text = given if len(given) <= LONGEST else ""
        told = introspect(text, Asset.objects.visible_to(self.caller), clock.now())
        return Response(told, headers={"Cache-Control": "no-store"})
