"""Accepting revoked access that stays: a check that is met, and exceptions about items asked for and signed."""

from dataclasses import replace
from datetime import timedelta

from apps.core import clock
from apps.core.actor import Actor
from apps.governance.models import RiskException
from apps.governance.services.asking import ask
from apps.governance.services.signing import sign
from apps.inventory.models import Asset
from apps.posture.models import Result
from apps.reviews.models import Item
from tests.reviews.world import World


def met(asset: Asset) -> str:
    """Let a check be met for an asset; return how a form names it."""
    told = {"check_id": "GV-02", "version_id": 1, "subject_kind": "asset", "outcome": "met", "from_run": 1}
    Result.objects.get_or_create(subject_id=asset.pk, to_run=None, defaults={**told, "subject_label": asset.name})
    return f"GV-02:asset:{asset.pk}"


def fresh(world: World, name: str) -> Actor:
    """Return a member whose second factor was proven right now."""
    return replace(world.actor(name), authenticated_at=clock.now())


def asked(world: World, item: Item, by: str = "owner", days: int = 20) -> RiskException:
    """Ask for an exception about an item."""
    made: RiskException = ask(
        actor=fresh(world, by), kind="review_item", key=str(item.pk), reason="The supplier needs it until March",
        compensating=met(world.asset), ends_on=clock.now().date() + timedelta(days=days),
    ).value  # fmt: skip
    return made


def signed(world: World, row: RiskException, *names: str) -> RiskException:
    """Sign it one after another; return it as it is then."""
    for name in names:
        sign(actor=fresh(world, name), exception=row)
    row.refresh_from_db()
    return row
