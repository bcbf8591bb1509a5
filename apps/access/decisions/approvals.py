"""Asking again with an approval in hand: why it is still a no, and what to do (AuthZEN access-request profile).

An approval is never a ticket: the decision is made afresh, and this only explains a denial.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from apps.access.models import AccessRequest
from apps.access.policies import PolicyAnswer
from apps.access.states import GrantState, RequestState

#: Seconds after which it is worth asking again while access is being given.
SOON = 5


def explain(
    approval: Any, user_id: UUID, asset_id: UUID, operation: str, policy: PolicyAnswer, now: datetime
) -> dict[str, Any]:
    """Return `reason` and `next_action` for a denial in spite of an approval. One query."""
    request = _named(approval)
    if request is None:
        return _next("approval_unverifiable", "request")
    if (request.beneficiary_id, request.asset_id, request.operation) != (user_id, asset_id, operation):
        return _next("out_of_scope", "request")
    if request.state != RequestState.APPROVED:
        return _next("approval_unverifiable", "none" if request.state != RequestState.PENDING else "retry")
    if not policy.allowed:
        return _next("policy_denied", "none")
    grant = getattr(request, "grant", None)
    if grant is not None and grant.state in (GrantState.SCHEDULED, GrantState.ACTIVATING):
        return {**_next("grant_pending", "retry"), "retry_after": SOON}
    return _next("approval_expired", "request")


def _next(reason: str, action: str) -> dict[str, Any]:
    return {"reason": reason, "next_action": action}


def _named(approval: Any) -> AccessRequest | None:
    name = approval.get("id") if isinstance(approval, dict) else None
    number = name.removeprefix("REQ-") if isinstance(name, str) else ""
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return AccessRequest.objects.select_related("grant").filter(pk=int(number)).first()
