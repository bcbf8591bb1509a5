"""What access tells core about its numbers at start-up: metrics with daily snapshots, and a gauge for monitoring."""

from prometheus_client import Gauge

from apps.access.queries.grants import overdue
from apps.access.queries.kpis import ACCESS_METRICS
from apps.core import clock
from apps.core.measured import measured
from apps.core.metrics import register

OVERDUE = Gauge("ztportal_grants_overdue", "Grants past their end whose access is not seen gone at the target")


def register_metrics() -> None:
    """Register the metrics and the gauge; a name taken by another stops the start."""
    for metric in ACCESS_METRICS:
        register(metric)
    OVERDUE.set_function(measured(lambda: overdue(clock.now()).count()))
