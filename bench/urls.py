"""The portal's addresses, and two views of a signed-in person that ask the database for nothing of their own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.access.api.authzen.base import AuthzenView


def empty(request: HttpRequest) -> HttpResponse:
    """Return nothing, to whoever is signed in."""
    return HttpResponse(str(request.actor.label))  # type: ignore[attr-defined]


def shell(request: HttpRequest) -> HttpResponse:
    """Return the page around every page: navigation, bars, footer, and no content."""
    return render(request, "layouts/page.html")


class Nothing(APIView):
    """An empty JSON answer behind the authentication of the decision point."""

    authentication_classes = AuthzenView.authentication_classes
    permission_classes = AuthzenView.permission_classes
    required_scope = AuthzenView.required_scope

    def post(self, request: Request) -> Response:
        """Answer an empty object."""
        return Response({})


urlpatterns = [
    path("bench/empty", empty),
    path("bench/json", Nothing.as_view()),
    path("bench/shell", shell),
    path("", include("ztportal.urls")),
]
