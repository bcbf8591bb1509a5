"""The audit log in the read API."""

import django_filters

from apps.audit.api.serializers import EventSerializer
from apps.audit.models import LOG_CHOICES
from apps.audit.queries.events import OUTCOME_CHOICES, visible_events
from apps.core.api.views import VisibleReadOnly


class EventParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    log = django_filters.ChoiceFilter(choices=LOG_CHOICES)
    actor = django_filters.CharFilter(field_name="actor_id")
    action = django_filters.CharFilter(field_name="action")
    subject_kind = django_filters.CharFilter(field_name="subject_kind")
    subject_id = django_filters.CharFilter(field_name="subject_id")
    outcome = django_filters.ChoiceFilter(choices=OUTCOME_CHOICES)
    request_id = django_filters.CharFilter(field_name="request_id")
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")


class EventViewSet(VisibleReadOnly):
    """Events the caller may see, newest first."""

    visible = staticmethod(visible_events)
    serializer_class = EventSerializer
    filterset_class = EventParameters
    required_scope = "read:audit"
    cursor_ordering = ("-at", "-pk")
