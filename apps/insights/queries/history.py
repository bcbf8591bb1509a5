"""Daily snapshots of one metric."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Max

from apps.core.metrics import Ratio
from apps.insights.models import Snapshot

DAYS = 400


def history_of(metric: str) -> list[dict[str, Any]]:
    """Return the newest 400 days of a metric, oldest first; one query."""
    rows = (
        Snapshot.objects.filter(metric=metric, dimension="").order_by("-day").values_list("day", "part", "whole")[:DAYS]
    )
    return [{"day": day, "numerator": part, "denominator": whole} for day, part, whole in reversed(rows)]


def newest_snapshot() -> int:
    """Return the newest run that has snapshots, 0 without any: a later run's replace those of its day. One query."""
    return Snapshot.objects.aggregate(newest=Max("run_number"))["newest"] or 0


def of_runs(metrics: Iterable[str], runs: Iterable[int]) -> dict[tuple[str, int], Ratio]:
    """Return the whole values of metrics kept for these runs, by metric and run; what was not kept is not in it."""
    rows = Snapshot.objects.filter(metric__in=list(metrics), run_number__in=list(runs), dimension="")
    found = rows.values_list("metric", "run_number", "part", "whole")
    return {(metric, run): Ratio(part, whole) for metric, run, part, whole in found}
