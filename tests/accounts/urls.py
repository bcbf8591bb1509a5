"""Addresses of the tests: accounts, and one API view that says who calls."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class WhoCalls(APIView):
    """Answers with the caller; reading needs read:inventory."""

    required_scope = "read:inventory"

    def get(self, request: Request) -> Response:
        """Return the actor."""
        actor = request._request.actor  # type: ignore[attr-defined]
        return Response({"id": actor.id, "strength": actor.strength, "scopes": sorted(actor.scopes or [])})

    def post(self, request: Request) -> Response:
        """Return the actor, for CSRF."""
        return self.get(request)


class WhoAudits(WhoCalls):
    """The same for read:audit."""

    required_scope = "read:audit"


def empty(request: HttpRequest) -> HttpResponse:
    """Stand in for a page of another app."""
    return HttpResponse("")


urlpatterns = [
    path("", include("apps.accounts.web.urls")),
    path("api/v1/who", WhoCalls.as_view()),
    path("api/v1/audits", WhoAudits.as_view()),
]
