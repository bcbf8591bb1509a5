"""The card of a request: everything an approver decides by, with the digest the decision binds to."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from apps.access.models import AccessRequest
from apps.access.queries.approvers import usual_minutes
from apps.access.queries.conflicts import deeds_of, duty_conflicts
from apps.access.queries.deciding import digest_now
from apps.access.queries.forecast import DAYS
from apps.access.queries.lineage import MOST, Related, related
from apps.access.queries.people import who_are
from apps.access.queries.plan import tier_of_asset
from apps.access.queries.signals import Signal, signals
from apps.core.actor import Actor
from apps.core.ui.words import instant_text
from apps.governance.operations import OPERATIONS
from apps.governance.tiers import TIERS, request_tier
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind

#: Durations that are offered instead of a longer one.
PRESETS = (480, 240, 120, 60, 30, 15)
NAMED = 5
EARLIER = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """Less access that would do: another operation or a shorter time, and the tier it would have."""

    operation: str
    verb: str
    minutes: int
    tier: int


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What the asset goes into: how many by kind, how many of them in production, and names the actor may see."""

    total: int
    more: bool
    by_kind: tuple[tuple[str, int], ...]
    production: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier request of the same person for the same asset."""

    name: str
    operation: str
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AskedOf:
    """Somebody the open stage is put to, and in how many minutes they usually answer."""

    name: str
    why: str
    on_behalf_of: str
    since: datetime
    usual_minutes: int | None


@dataclass(frozen=True, slots=True)
class Card:
    """What an approver sees. `routine` is whether nothing speaks against it."""

    look_at: tuple[Signal, ...]
    checks_out: tuple[Signal, ...]
    blast_radius: BlastRadius
    less: Offer | None
    effect: str
    earlier: tuple[Earlier, ...]
    digest: str
    asked_of: tuple[AskedOf, ...]

    @property
    def routine(self) -> bool:
        """Return whether nothing is to be looked at, so that approving is one step."""
        return not self.look_at


def card(request: AccessRequest, actor: Actor, now: datetime) -> Card:
    """Return the card of a request that the actor sees (the caller fetched it through `visible_to`).

    At most 40 queries. Assets count also where the actor does not see them, but only seen ones are named.
    """
    who = who_are([request.beneficiary_id])[request.beneficiary_id]
    lineage = related(request.asset_id)
    deeds = deeds_of(who, request.asset, without=request.pk)
    found = signals(request, who, duty_conflicts(deeds, request.operation, request.tier), lineage, now)
    return Card(
        look_at=tuple(signal for signal in found if signal.against),
        checks_out=tuple(signal for signal in found if not signal.against),
        blast_radius=_blast_radius(lineage, actor),
        less=less_than(request),
        effect=f"{OPERATIONS[request.operation].consequence}, for {request.minutes} min from {_beginning(request)}.",
        earlier=_earlier(request),
        digest=digest_now(request),
        asked_of=_asked_of(request, now),
    )


def _beginning(request: AccessRequest) -> str:
    return instant_text(request.start_at) if request.start_at else "the approval"


def _blast_radius(lineage: list[Related], actor: Actor) -> BlastRadius:
    fed = [asset for asset in lineage if asset.fed]
    kinds = Counter(asset.kind for asset in fed)
    seen: set[UUID] = set(
        Asset.objects.visible_to(actor).filter(pk__in=[asset.id for asset in fed]).values_list("pk", flat=True)
    )
    return BlastRadius(
        total=len(fed),
        more=len(lineage) >= MOST,
        by_kind=tuple((str(AssetKind(kind).label), n) for kind, n in kinds.most_common()),
        production=sum(1 for asset in fed if asset.environment.lower().startswith("prod")),
        names=tuple(asset.label for asset in fed if asset.id in seen)[:NAMED],
    )


def less_than(request: AccessRequest) -> Offer | None:
    """Return the first smaller operation whose tier is looser, else the same for at most half the time. No query."""
    care = tier_of_asset(request.asset)
    for key in OPERATIONS[request.operation].less:
        operation = OPERATIONS[key]
        tier = request_tier(operation.tier, care)
        if AssetKind(request.asset.kind) in operation.kinds and tier > request.tier:
            return Offer(key, operation.verb, min(request.minutes, TIERS[tier].max_minutes), tier)
    shorter = next((minutes for minutes in PRESETS if minutes * 2 <= request.minutes), None)
    if shorter is None:
        return None
    return Offer(request.operation, OPERATIONS[request.operation].verb, shorter, request.tier)


def _earlier(request: AccessRequest) -> tuple[Earlier, ...]:
    same = AccessRequest.objects.filter(beneficiary_id=request.beneficiary_id, asset_id=request.asset_id)
    return tuple(
        Earlier(row.name, OPERATIONS[row.operation].verb, row.get_state_display(), row.created_at)
        for row in same.exclude(pk=request.pk).order_by("-number")[:EARLIER]
    )


def _asked_of(request: AccessRequest, now: datetime) -> tuple[AskedOf, ...]:
    rows = list(request.asked.filter(stage=request.stage).select_related("user", "on_behalf_of").order_by("user__name"))
    usual = usual_minutes([row.user_id for row in rows], now - timedelta(days=DAYS))
    return tuple(
        AskedOf(
            row.user.name, row.why, row.on_behalf_of.name if row.on_behalf_of else "", row.since, usual.get(row.user_id)
        )
        for row in rows
    )
