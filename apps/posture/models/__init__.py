"""Check versions, runs, results as spans, rollups, findings and settings."""

from apps.posture.models.check import CheckVersion
from apps.posture.models.finding import Finding, FindingEvent
from apps.posture.models.furthest import FurthestAsset
from apps.posture.models.judged import Judged, Turned
from apps.posture.models.result import AssetScore, Result, RunTotal
from apps.posture.models.run import Run, RunTask
from apps.posture.models.setting import PillarTarget, Schedule, SeverityDue

__all__ = [
    "AssetScore",
    "CheckVersion",
    "Finding",
    "FindingEvent",
    "FurthestAsset",
    "Judged",
    "PillarTarget",
    "Result",
    "Run",
    "RunTask",
    "RunTotal",
    "Schedule",
    "SeverityDue",
    "Turned",
]
