"""Metrics in the read API: for callers who see every subject, because each counts all of them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.views import NoParameters
from apps.core.errors import Forbidden
from apps.core.metrics import METRICS, Metric
from apps.insights.queries.history import history_of
from apps.posture.queries.runs import last_published


class DaySerializer(serializers.Serializer[Any]):
    """A day's snapshot."""

    day = serializers.DateField()
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()


class MetricSerializer(serializers.Serializer[Any]):
    """A metric now and its daily snapshots; null where nothing is applicable."""

    key = serializers.CharField()
    title = serializers.CharField()
    numerator = serializers.IntegerField(allow_null=True)
    denominator = serializers.IntegerField(allow_null=True)
    counts = serializers.CharField()
    of = serializers.CharField()
    target = serializers.IntegerField(allow_null=True)
    better = serializers.CharField()
    history = DaySerializer(many=True)


class MetricsView(NoParameters):
    """`GET /api/v1/metrics`."""

    required_scope = "read:posture"

    @extend_schema(responses=MetricSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return every metric."""
        if not self.actor.sees_all:
            raise Forbidden("Metrics count all subjects; they are for CISO, security administrators and auditors.")
        run = last_published()
        return Response(MetricSerializer([_metric(metric, run) for metric in METRICS], many=True).data)


def _metric(metric: Metric, run: Any) -> dict[str, Any]:
    now = metric.compute(run) if run is not None else None
    known = now is not None and now.known
    return {
        "key": metric.key,
        "title": metric.title,
        "numerator": now.numerator if known and now else None,
        "denominator": now.denominator if known and now else None,
        "counts": metric.numerator,
        "of": metric.denominator,
        "target": metric.target,
        "better": metric.better,
        "history": history_of(metric.key),
    }
