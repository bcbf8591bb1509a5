"""Asking again, at the moment of activation, what was asked when a grant was requested."""

from dataclasses import dataclass
from datetime import datetime

from apps.access.models import Grant
from apps.access.queries.plan import plan
from apps.governance.tiers import TIERS


@dataclass(frozen=True, slots=True)
class Recheck:
    """May the grant begin, for how long at most, and why not."""

    allowed: bool
    minutes: int
    reason: str = ""


def recheck(grant: Grant, now: datetime) -> Recheck:
    """Return whether eligibility, duties, the asset and the policies still allow the grant (invariant 12).

    It is the function that the request was made with, asked without a session: nobody sits before it. An emergency
    grant was given past approval; it is bound only to what cannot be skipped. What does not fit any more narrows.
    """
    if grant.asset.gone_at is not None:
        return Recheck(False, 0, "No source shows this asset any more.")
    if not grant.binding.enabled:
        return Recheck(False, 0, "The binding that would carry this grant is switched off.")
    request = grant.request
    if request is None:
        return Recheck(True, grant.minutes)
    minutes = min(grant.minutes, TIERS[grant.tier].max_minutes)
    answer = plan(
        requester=request.requester,
        beneficiary=grant.holder,
        actor=None,
        asset=grant.asset,
        operation=grant.operation,
        minutes=minutes,
        start_at=None,
        now=now,
        judged=request,
    )
    return Recheck(answer.decision.allowed, minutes, answer.decision.reason)
