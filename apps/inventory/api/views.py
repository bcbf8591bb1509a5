"""The inventory in the read API."""

import django_filters
from django.db.models import QuerySet

from apps.core.actor import Actor
from apps.core.api.views import VisibleReadOnly
from apps.core.facts import Fact
from apps.inventory.api.serializers import AssetSerializer, IdentitySerializer, SourceSerializer
from apps.inventory.models import Asset
from apps.inventory.queries.people import api_identities
from apps.inventory.queries.sources import visible_sources
from apps.inventory.states import AssetKind, IdentityKind, UseState


class AssetParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    kind = django_filters.MultipleChoiceFilter(choices=AssetKind.choices)
    tier = django_filters.NumberFilter()
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=200)
    gone = django_filters.BooleanFilter(field_name="gone_at", lookup_expr="isnull", exclude=True)


def _assets(actor: Actor) -> QuerySet[Asset]:
    return Asset.objects.visible_to(actor).select_related("owner")


class AssetViewSet(VisibleReadOnly):
    """Assets the caller may see."""

    visible = staticmethod(_assets)
    serializer_class = AssetSerializer
    filterset_class = AssetParameters
    required_scope = "read:inventory"
    cursor_ordering = ("name", "pk")


class IdentityParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    kind = django_filters.MultipleChoiceFilter(choices=IdentityKind.choices)
    source = django_filters.UUIDFilter(field_name="source_id")
    enabled = django_filters.ChoiceFilter(choices=Fact.choices)
    use = django_filters.ChoiceFilter(field_name="use_state", choices=UseState.choices)


class IdentityViewSet(VisibleReadOnly):
    """Identities the caller may see."""

    visible = staticmethod(api_identities)
    serializer_class = IdentitySerializer
    filterset_class = IdentityParameters
    required_scope = "read:inventory"
    cursor_ordering = ("name", "pk")


class SourceParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    format = django_filters.CharFilter(max_length=64)


class SourceViewSet(VisibleReadOnly):
    """Sources, for wide roles; others see none."""

    visible = staticmethod(visible_sources)
    serializer_class = SourceSerializer
    filterset_class = SourceParameters
    required_scope = "read:inventory"
    cursor_ordering = ("name", "pk")
