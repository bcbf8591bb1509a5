"""Reviews as the checks judge them, written past the services that take weeks."""

from datetime import datetime, timedelta
from typing import Any

from apps.access.models import Grant
from apps.inventory.models import Entitlement
from apps.reviews.models import Campaign, Item, Removal


def reviewed(about: Entitlement | Grant, at: datetime, choice: str = "keep", **fields: Any) -> Item:
    """Return a sealed item about access, answered by a person at `at` unless told otherwise."""
    terms = {"name": "Q4", "stages": [{"reviewer": "manager", "days": 14}], "created_at": at, "snapshot_hash": "0" * 64}
    campaign = Campaign.objects.create(**terms, state="sealed", stage=1, opened_at=at, due_at=at, sealed_at=at)
    kind = "grant" if isinstance(about, Grant) else "entitlement"
    row: dict[str, Any] = {
        "campaign": campaign, "subject_kind": kind, "holder_label": "Somebody", "asset": about.asset,
        "subject_id": str(about.pk) if kind == "grant" else about.pk.hex, "operation": about.operation,
        "state": "sealed", "decision": choice, "decided_at": at, "stage": 1,
    }  # fmt: skip
    return Item.objects.create(**{**row, **fields})


def revoked(about: Entitlement | Grant, at: datetime, state: str = "remediating", **removal: Any) -> Item:
    """Return an item whose access was revoked, with its removal asked for at `at`."""
    item = reviewed(about, at, "revoke", state=state)
    way = "grant" if isinstance(about, Grant) else "task"
    Removal.objects.create(item=item, way=way, asked_at=at, due_at=at + timedelta(days=7), **removal)
    return item
