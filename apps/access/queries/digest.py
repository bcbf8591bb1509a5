"""The digest of what an approver is shown (SHA-256 over RFC 8785): a vote binds to it, any change of it voids votes."""

import hashlib
from datetime import datetime
from typing import Any

import rfc8785

from apps.access.models import AccessRequest
from apps.inventory.models import Asset


def artifact_of(asset: Asset) -> str:
    """Return the digest of the asset's content as it is known now, empty where none is."""
    return asset.content_digest


def digest_of(request: AccessRequest, *, artifact: str, policy_version: int | None, payload: str = "") -> str:
    """Return the digest of a request as it would be shown now. No query.

    It covers who asks for whom, the asset and its content, operation, minutes, start, reason, ticket, tier, how many
    approvals the route takes, the policy version that decided, and the payload of a held operation.
    """
    shown: dict[str, Any] = {
        "requester": str(request.requester_id),
        "beneficiary": str(request.beneficiary_id),
        "asset": str(request.asset_id),
        "label": request.asset_label,
        "artifact": artifact,
        "operation": request.operation,
        "minutes": request.minutes,
        "start_at": _instant(request.start_at),
        "reason": request.reason,
        "ticket": request.ticket,
        "tier": request.tier,
        "needs": [[stage["rule"], stage["need"]] for stage in request.route],
        "policy": policy_version,
        "extends": request.extends_id,
        "payload": payload,
    }
    return hashlib.sha256(rfc8785.dumps(shown)).hexdigest()


def _instant(at: datetime | None) -> str:
    return at.isoformat() if at else ""
