"""Writing receipts: what was done and seen at the target, a line each, never changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from apps.access.models import Grant, Receipt
from apps.access.provisioning.contract import Report
from apps.access.states import Carried, Presence
from apps.core.events import Subject
from apps.governance.operations import verb_of

#: One thing done or seen.
Line = tuple[Carried, Report]
_LONGEST = 500


def subject_of(grant: Grant) -> Subject:
    """Return the grant as the audit log names it."""
    return Subject("grant", str(grant.pk), f"{grant.name}: {verb_of(grant.operation)}, {grant.asset_label}"[:300])


def write_lines(grant: Grant, generation: int, lines: Iterable[Line], now: datetime) -> None:
    """Append the lines to the grant's receipts, in the caller's transaction."""
    Receipt.objects.bulk_create(
        Receipt(
            grant=grant,
            generation=generation,
            carried=carried,
            worked=report.worked,
            observed=report.observed,
            evidence=_short(dict(report.evidence)),
            at=now,
        )
        for carried, report in lines
    )


def problem_of(lines: Iterable[Line]) -> str:
    """Return in words why the lines are not what was wanted, the last reason first."""
    for _, report in reversed(list(lines)):
        text = str(report.evidence.get("problem", ""))
        if text:
            return text[:_LONGEST]
    return "The target does not show it yet."


def seen(lines: Iterable[Line]) -> Presence:
    """Return the last thing that was seen."""
    looks = [report.observed for carried, report in lines if carried == Carried.OBSERVE]
    return looks[-1] if looks else Presence.UNKNOWN


def _short(evidence: dict[str, Any]) -> dict[str, Any]:
    return {
        str(key)[:100]: value[:_LONGEST] if isinstance(value, str) else value
        for key, value in list(evidence.items())[:20]
    }
