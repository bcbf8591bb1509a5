"""Reviews and their items. Every rule is the services': a token reads, people who signed in certify."""

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.views import VisibleReadOnly
from apps.reviews.api import serializers as shown
from apps.reviews.models import Item
from apps.reviews.queries.overview import campaigns
from apps.reviews.services import deciding
from apps.reviews.states import CampaignState, Choice, ItemState, Pile

SCOPE = "read:reviews"


class CampaignParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.MultipleChoiceFilter(choices=CampaignState.choices)


class CampaignViewSet(VisibleReadOnly):
    """Reviews that the caller may see, newest first."""

    visible = staticmethod(campaigns)
    serializer_class = shown.CampaignSerializer
    filterset_class = CampaignParameters
    required_scope = SCOPE
    cursor_ordering = ("-number",)


class ItemParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    campaign = django_filters.NumberFilter(field_name="campaign_id")
    state = django_filters.MultipleChoiceFilter(choices=ItemState.choices)
    pile = django_filters.MultipleChoiceFilter(choices=Pile.choices)
    decision = django_filters.MultipleChoiceFilter(choices=Choice.choices)
    asset = django_filters.UUIDFilter(field_name="asset_id")


class ItemViewSet(VisibleReadOnly):
    """Items that the caller may see. Answering takes a session with a second factor: a token is refused."""

    visible = Item.objects.visible_to
    serializer_class = shown.ItemSerializer
    filterset_class = ItemParameters
    required_scope = SCOPE
    writing_scope = "request"
    cursor_ordering = ("number",)

    @extend_schema(responses=shown.ItemDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one item with its answers."""
        return self._told(self.get_object().pk)

    @extend_schema(request=shown.Answered, responses=shown.ItemDetailSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Answer it: keep, revoke, reduce or abstain."""
        row = self.get_object()
        deciding.decide(actor=self.actor, item=row, **self.read_body(shown.Answered))
        return self._told(row.pk)

    @extend_schema(request=shown.TakenBack, responses=shown.ItemDetailSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take the answer back before it is sealed."""
        row = self.get_object()
        deciding.withdraw(actor=self.actor, item=row, **self.read_body(shown.TakenBack))
        return self._told(row.pk)

    def _told(self, number: int) -> Response:
        row = Item.objects.visible_to(self.actor).prefetch_related("decisions").get(pk=number)
        return Response(shown.ItemDetailSerializer(row).data)
