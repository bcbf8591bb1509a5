"""Grants: what was seen of them; extend, give back, revoke, take a token."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.serializers import bodies
from apps.access.api.serializers.grants import GrantDetailSerializer, GrantSerializer, TokenSerializer
from apps.access.api.serializers.requests import RequestSerializer
from apps.access.models import AccessRequest, Grant
from apps.access.queries import mine
from apps.access.services import grants as services
from apps.access.services.grant_tokens import issue_token
from apps.access.services.requests import extend
from apps.access.states import GrantState
from apps.core import clock
from apps.core.api.views import VisibleReadOnly


class GrantParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.MultipleChoiceFilter(choices=GrantState.choices)
    operation = django_filters.CharFilter(max_length=40)
    asset = django_filters.UUIDFilter(field_name="asset_id")
    emergency = django_filters.BooleanFilter()


class GrantViewSet(VisibleReadOnly):
    """Grants that the caller may see, newest first. Its holder extends one, gives it back and takes tokens for it, by a
    token with the scope `request` or at a session; revoking takes a session with a second factor."""

    visible = Grant.objects.visible_to
    serializer_class = GrantSerializer
    filterset_class = GrantParameters
    required_scope = "read:access"
    writing_scope = "request"
    cursor_ordering = ("-number",)

    @extend_schema(responses=GrantDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one grant with its receipts, and what the caller may do."""
        return self._told(self._grant())

    @extend_schema(request=bodies.Longer, responses={201: RequestSerializer})
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Ask for more time: a new request that takes the grant's place when it is granted."""
        made = extend(actor=self.actor, grant=self._grant(), **self.read_body(bodies.Longer)).value
        row: AccessRequest = mine.find_request(self.actor, made.pk)
        return Response(RequestSerializer(row).data, status=201)

    @extend_schema(request=bodies.Nothing, responses=GrantDetailSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Give it back. It is ended when its target was seen without the access."""
        grant = self._grant()
        services.release(actor=self.actor, grant=grant, **self.read_body(bodies.Nothing))
        return self._told(self._grant())

    @extend_schema(request=bodies.Reason, responses=GrantDetailSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """Revoke somebody's grant, with the reason that its holder is told."""
        services.revoke(actor=self.actor, grant=self._grant(), **self.read_body(bodies.Reason))
        return self._told(self._grant())

    @extend_schema(request=bodies.Audience, responses={201: TokenSerializer})
    @action(detail=True, methods=["post"])
    def token(self, request: Request, pk: str) -> Response:
        """Issue an access token to the holder of a live grant; it is kept nowhere."""
        issued = issue_token(actor=self.actor, grant=self._grant(), **self.read_body(bodies.Audience)).value
        return Response(TokenSerializer(issued).data, status=201, headers={"Cache-Control": "no-store"})

    def _grant(self) -> Grant:
        return mine.find_grant(self.actor, self.get_object().pk)

    def _told(self, grant: Grant) -> Response:
        context = {"actor": self.actor, "now": clock.now()}
        return Response(GrantDetailSerializer(grant, context=context).data)
