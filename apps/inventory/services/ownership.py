"""Confirming owners and setting tiers. A source only claims; these are acts of people, and privileged ones."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Invalid, NotFound
from apps.core.events import Subject
from apps.inventory import events, rules
from apps.inventory.models import Asset, Person
from apps.inventory.states import PersonStatus

MAX_AT_ONCE = 500
TIERS = (1, 2, 3)


def _asset(actor: Actor, asset_id: UUID) -> Asset:
    found = Asset.objects.visible_to(actor).filter(pk=asset_id).select_related("owner").first()
    if found is None:
        raise NotFound("There is no such asset, or you may not see it.")
    return found


def _owner(actor: Actor, person_id: UUID) -> Person:
    found = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if found is None:
        raise NotFound("There is no such person, or you may not see them.")
    if found.status == PersonStatus.LEFT:
        raise Invalid(f"{found.name} has left and cannot own an asset.", owner="has left")
    return found


@command(events.OWNER_CONFIRMED)
def confirm_owner(*, actor: Actor, asset_id: UUID, person_id: UUID, now: datetime) -> Changed | Unchanged:
    """Confirm a person as the owner of an asset. The asset joins the owner's team.

    Raises Forbidden, NotFound, Invalid when the person has left.
    """
    rules.can_confirm_owner(actor).require()
    asset, owner = _asset(actor, asset_id), _owner(actor, person_id)
    if asset.owner_id == owner.pk and asset.owner_confirmed_at is not None:
        return Unchanged(value=asset)
    before = asset.owner.name if asset.owner and asset.owner_confirmed_at else ""
    Asset.objects.filter(pk=asset.pk).update(owner=owner, owner_confirmed_at=now, team_id=owner.team_id)
    details: dict[str, object] = {"asset": str(asset.pk), "owner": str(owner.pk), "before": before}
    return Changed(Subject("asset", str(asset.pk), str(asset)), details, value=asset, before=before, after=owner.name)


@command(events.OWNERS_CONFIRMED)
def confirm_owners(*, actor: Actor, pairs: Mapping[UUID, UUID], now: datetime) -> Changed | Unchanged:
    """Confirm the owners of several assets at once (asset id → person id), all or none; each is an event of its own.

    Raises Forbidden, NotFound, Invalid when there are more than 500 or an owner has left.
    """
    rules.can_confirm_owner(actor).require()
    if len(pairs) > MAX_AT_ONCE:
        raise Invalid(f"At most {MAX_AT_ONCE} owners are confirmed at once.")
    done = [confirm_owner(actor=actor, asset_id=asset, person_id=owner, now=now) for asset, owner in pairs.items()]
    changed = [outcome for outcome in done if isinstance(outcome, Changed)]
    if not changed:
        return Unchanged(value=0)
    listed = "\n".join(sorted(f"{asset} {owner}" for asset, owner in pairs.items()))
    details: dict[str, object] = {
        "assets": len(changed),
        "owners": len(set(pairs.values())),
        "list_digest": hashlib.sha256(listed.encode()).hexdigest(),
    }
    return Changed(Subject("asset_list", details["list_digest"], f"{len(changed)} assets"), details, value=len(changed))  # type: ignore[arg-type]


@command(events.TIER_SET)
def set_tier(*, actor: Actor, asset_id: UUID, tier: int | None, now: datetime) -> Changed | Unchanged:
    """Set the tier of an asset, 1 to 3; None returns to what sources claim at their next import.

    Raises Forbidden, NotFound, Invalid.
    """
    rules.can_set_tier(actor).require()
    asset = _asset(actor, asset_id)
    if tier is not None and tier not in TIERS:
        raise Invalid("A tier is 1, 2 or 3.", tier="1, 2 or 3")
    if asset.tier_confirmed == (tier is not None) and (tier is None or asset.tier == tier):
        return Unchanged(value=asset)
    changes = {"tier_confirmed": tier is not None} | ({"tier": tier} if tier is not None else {})
    Asset.objects.filter(pk=asset.pk).update(**changes)
    details: dict[str, object] = {"asset": str(asset.pk), "tier": tier, "before": asset.tier}
    return Changed(
        Subject("asset", str(asset.pk), str(asset)),
        details,
        value=asset,
        before=str(asset.tier or ""),
        after=str(tier or ""),
    )
