"""The world of reviews: the cast linked to persons, a team with a manager, an asset with an owner, access to review."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Actor
from apps.inventory.models import Asset, Entitlement, Person, Source
from apps.reviews.models import Campaign, Item
from apps.reviews.services.bulk import bulk_decide, draw_sample
from apps.reviews.services.campaigns import draft, open_campaign
from apps.reviews.services.deciding import decide
from apps.reviews.services.sealing import sign
from apps.reviews.services.staging import stage
from tests.cast import Cast
from tests.factories import make_asset, make_entitlement, make_identity, make_person, make_source

BY_MANAGER = [{"reviewer": "manager", "days": 14}]
BY_OWNER = [{"reviewer": "owner", "days": 14}]


@dataclass
class World:
    """The cast with persons, an asset that `owner` owns, and short words for what tests do."""

    cast: Cast
    asset: Asset
    source: Source
    people: dict[str, Person] = field(default_factory=dict)

    def user(self, name: str) -> User:
        return self.cast.users[name]

    def actor(self, name: str) -> Actor:
        return self.cast.actor(name)

    def standing(self, who: Person | None = None, **fields: Any) -> Entitlement:
        """Give standing access on the asset to a person's account at the source, used yesterday."""
        kind = fields.pop("kind", "human")
        identity = make_identity(source=self.source, person=who, kind=kind, email=who.email if who else "")
        defaults = {"asset": self.asset, "last_used_at": clock.now() - timedelta(days=1)}
        return make_entitlement(identity, **{**defaults, **fields})

    def draft(self, stages: Any = BY_MANAGER, scope: Any = None, **terms: Any) -> Campaign:
        made = draft(actor=self.actor("ciso"), name="Q4", scope=scope or {}, stages=stages, **terms)
        return Campaign.objects.get(pk=made.value.pk)

    def staged(self, **terms: Any) -> Campaign:
        return stage(actor=self.actor("ciso"), campaign=self.draft(**terms)).value  # type: ignore[no-any-return]

    def opened(self, **terms: Any) -> Campaign:
        campaign = self.staged(**terms)
        return open_campaign(  # type: ignore[no-any-return]
            actor=self.actor("ciso"), campaign=campaign, snapshot_hash=campaign.snapshot_hash
        ).value

    def decide(self, name: str, item: Item, choice: str, **fields: Any) -> Item:
        fields.setdefault("digest", item.digest)
        return decide(actor=self.actor(name), item=item, choice=choice, **fields).value  # type: ignore[no-any-return]

    def sign(self, name: str, campaign: Campaign) -> None:
        sign(actor=self.actor(name), campaign=campaign)


def build(cast: Cast, **asset: Any) -> World:
    """Return the world: everyone linked to a person, Model Engineering under `manager`, the asset owned by `owner`."""
    team = cast.teams["Model Engineering"]
    people = {}
    for name, user in cast.users.items():
        if name == "service":
            continue
        fields: dict[str, Any] = {"name": user.name, "email": user.email, "user": user}
        if name in ("manager", "owner", "engineer"):
            fields |= {"team": team, "team_name": team.name}
        people[name] = make_person(**fields)
    Person.objects.filter(pk__in=[people["owner"].pk, people["engineer"].pk]).update(manager=people["manager"])
    defaults: dict[str, Any] = {"name": "churn-gbm", "tier": 3, "tier_confirmed": True, "owner": people["owner"],
                                "owner_confirmed_at": clock.now(), "team": team}  # fmt: skip
    return World(cast, make_asset(**{**defaults, **asset}), make_source(), people)


def peers(world: World, count: int, **fields: Any) -> list[Entitlement]:
    """Give the same access to `count` reports of the manager, all of one team, and return it."""
    team = world.cast.teams["Model Engineering"]
    reports = [make_person(manager=world.people["manager"], team=team, team_name=team.name) for _ in range(count)]
    return [world.standing(person, **fields) for person in reports]


def at(hours: float) -> Any:
    """Shift database time by some hours for a block."""
    return clock.shifted(timedelta(hours=hours))


def later(campaign: Campaign, **delta: float) -> datetime:
    """Return a moment after the campaign's stage is due."""
    assert campaign.due_at is not None
    return campaign.due_at + timedelta(**delta)


__all__ = ["BY_MANAGER", "BY_OWNER", "World", "at", "build", "bulk_decide", "draw_sample", "later", "peers"]
