"""What every AuthZEN endpoint shares: who may call it, how errors look, how the body is read."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from apps.access.api.authzen.parse import Malformed, body_of
from apps.core.actor import Actor
from apps.core.api.permissions import ActorHasScope
from apps.core.errors import DomainError

SCOPE = "decide"
DEFAULTS: list[type[BaseAuthentication]] = api_settings.DEFAULT_AUTHENTICATION_CLASSES  # type: ignore[assignment]


def absolute(name: str, **kwargs: Any) -> str:
    """Return an address as others reach it."""
    return settings.ZTPORTAL_ORIGIN.rstrip("/") + reverse(name, kwargs=kwargs or None)


class ByToken(BasePermission):
    """A session is no caller here: these endpoints take no CSRF token, so a browser must not be able to act by them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether a token was given and opened."""
        return request.successful_authenticator is not None


@extend_schema(exclude=True)
class AuthzenView(APIView):
    """An endpoint for policy enforcement points: a token with the scope `decide`, JSON in, JSON out.

    Errors are a JSON string, as AuthZEN wants them; a denial is no error.
    """

    authentication_classes = [by for by in DEFAULTS if not issubclass(by, SessionAuthentication)]
    permission_classes = [ByToken, ActorHasScope]
    required_scope = SCOPE

    @property
    def caller(self) -> Actor:
        """Return who asks."""
        return self.request._request.actor  # type: ignore[attr-defined]

    def body(self, request: Request) -> dict[str, Any]:
        """Return the JSON object that was sent. Raises Malformed."""
        return body_of(request.content_type or "", request._request.body)

    def handle_exception(self, exc: Exception) -> Response:
        """Say what is wrong in one line; 401 with its scheme."""
        if isinstance(exc, Malformed):
            return Response(str(exc), status=400)
        if isinstance(exc, DomainError):
            return Response(exc.reason, status=exc.status)
        answered = super().handle_exception(exc)
        if isinstance(exc, APIException):
            made = Response(str(exc.detail), status=answered.status_code)
            for name in ("WWW-Authenticate", "Retry-After"):
                if name in answered:
                    made[name] = answered[name]
            if isinstance(exc, NotAuthenticated):
                made["WWW-Authenticate"] = 'Bearer realm="decisions"'
            return made
        return answered
