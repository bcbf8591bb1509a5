"""Requests and grants in the read API. Approving and refusing are not here: people decide, at their own session."""

import django_filters
from django.db.models import QuerySet

from apps.access.api.serializers import GrantSerializer, RequestSerializer
from apps.access.models import AccessRequest, Grant
from apps.access.states import GrantState, RequestState
from apps.core.actor import Actor
from apps.core.api.views import VisibleReadOnly


class RequestParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.MultipleChoiceFilter(choices=RequestState.choices)
    operation = django_filters.CharFilter(max_length=40)
    asset = django_filters.UUIDFilter(field_name="asset_id")

    class Meta:
        model = AccessRequest
        fields: list[str] = []


class RequestViewSet(VisibleReadOnly):
    """Requests that the caller may see, newest first."""

    queryset = AccessRequest.objects.none()
    serializer_class = RequestSerializer
    filterset_class = RequestParameters
    required_scope = "read:access"
    cursor_ordering = ("-number",)

    def visible(self, actor: Actor) -> QuerySet[AccessRequest]:
        """Return the rows this actor may see."""
        return AccessRequest.objects.visible_to(actor)


class GrantParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.MultipleChoiceFilter(choices=GrantState.choices)
    operation = django_filters.CharFilter(max_length=40)
    asset = django_filters.UUIDFilter(field_name="asset_id")
    emergency = django_filters.BooleanFilter()

    class Meta:
        model = Grant
        fields: list[str] = []


class GrantViewSet(VisibleReadOnly):
    """Grants that the caller may see, newest first."""

    queryset = Grant.objects.none()
    serializer_class = GrantSerializer
    filterset_class = GrantParameters
    required_scope = "read:access"
    cursor_ordering = ("-number",)

    def visible(self, actor: Actor) -> QuerySet[Grant]:
        """Return the rows this actor may see."""
        return Grant.objects.visible_to(actor)
