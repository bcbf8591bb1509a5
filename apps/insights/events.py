"""Audit events of insights."""

from apps.core.events import ACTIVITY, declare

SNAPSHOTS_TAKEN = declare(
    "insights.snapshots.taken", "Metric snapshots taken", log=ACTIVITY, details=("run", "day", "metrics")
)
SNAPSHOTS_FORGOTTEN = declare(
    "insights.snapshots.forgotten", "Metric snapshots forgotten", log=ACTIVITY, details=("snapshots",)
)
