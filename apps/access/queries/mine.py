"""Reads for the people who ask: what one holds, waits for, held before, and may ask for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Max, Q, QuerySet

from apps.access.models import AccessRequest, Grant
from apps.access.states import LIVE_GRANTS, OPEN_REQUESTS, GrantState, RequestState
from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind

#: What is shown as held now: what lives, and what is not yet seen gone.
HELD = (*LIVE_GRANTS, GrantState.ENDING)
NOT_GRANTED = (RequestState.DENIED, RequestState.CANCELLED, RequestState.EXPIRED, RequestState.FAILED)
FOUND = 12
USUAL = 3
#: Kinds something is done to.
ASKABLE_KINDS = frozenset(kind for operation in OPERATIONS.values() for kind in operation.kinds)


@dataclass(frozen=True, slots=True)
class Usual:
    """What somebody asks for often: the asset, the operation and how long the last time."""

    asset: Asset
    operation: str
    minutes: int


def my_grants(actor: Actor) -> QuerySet[Grant]:
    """Return the grants the actor holds or held, newest first."""
    rows = Grant.objects.visible_to(actor).filter(holder_id=actor.user_id)
    return rows.select_related("asset", "request", "binding").order_by("-number")


def held_now(actor: Actor) -> QuerySet[Grant]:
    """Return the actor's grants that live or are ending, the one that ends first first."""
    return my_grants(actor).filter(state__in=HELD).order_by(F("expires_at").asc(nulls_last=True), "-number")


def asked_by(actor: Actor) -> QuerySet[AccessRequest]:
    """Return the requests the actor made or would benefit from, newest first."""
    rows = AccessRequest.objects.visible_to(actor)
    mine = Q(requester_id=actor.user_id) | Q(beneficiary_id=actor.user_id)
    return rows.filter(mine).select_related("asset", "requester", "beneficiary").order_by("-number")


def waiting_now(actor: Actor, now: datetime) -> QuerySet[AccessRequest]:
    """Return the actor's requests that wait for an answer."""
    return asked_by(actor).filter(state__in=OPEN_REQUESTS, expires_at__gt=now)


def not_granted(actor: Actor) -> QuerySet[AccessRequest]:
    """Return the actor's requests that ended without access."""
    return asked_by(actor).filter(state__in=NOT_GRANTED)


def has_anything_open(actor: Actor, now: datetime) -> bool:
    """Return whether the actor holds access or waits for some. At most two queries."""
    return held_now(actor).exists() or waiting_now(actor, now).exists()


def find_request(actor: Actor, number: int) -> AccessRequest:
    """Return a request. Raises NotFound, also for one the actor may not see."""
    rows = AccessRequest.objects.visible_to(actor).filter(pk=number)
    found = rows.select_related(
        "asset__owner", "asset__parent__owner", "asset__team", "requester", "beneficiary", "extends", "counter_to"
    ).first()
    if found is None:
        raise NotFound("There is no such request, or you may not see it.")
    return found


def find_grant(actor: Actor, number: int) -> Grant:
    """Return a grant. Raises NotFound, also for one the actor may not see."""
    rows = Grant.objects.visible_to(actor).filter(pk=number)
    found = rows.select_related("asset__owner", "holder", "request__requester", "binding__connection").first()
    if found is None:
        raise NotFound("There is no such grant, or you may not see it.")
    return found


def grant_of(request: AccessRequest) -> Grant | None:
    """Return the grant a request led to. One query."""
    return Grant.objects.filter(request_id=request.pk).select_related("holder", "asset", "binding").first()


def offer_after(request: AccessRequest) -> AccessRequest | None:
    """Return the lesser access that was offered in place of this request. One query."""
    return AccessRequest.objects.filter(counter_to_id=request.pk).order_by("-number").first()


def askable(actor: Actor, text: str) -> list[Asset]:
    """Return assets the actor sees and something is done to, by name; versions only when none else is found."""
    words = "".join(character for character in text if character.isprintable()).strip()[:200]
    if not words:
        return []
    rows = Asset.objects.visible_to(actor).present().filter(kind__in=ASKABLE_KINDS, name__icontains=words)
    plain = list(rows.exclude(kind=AssetKind.MODEL_VERSION).order_by("name", "pk")[:FOUND])
    return plain or list(rows.order_by("name", "pk")[:FOUND])


def usual_of(actor: Actor) -> list[Usual]:
    """Return what the actor asked for most often, newest first among equals. Two queries."""
    rows = asked_by(actor).filter(beneficiary_id=actor.user_id, asset__gone_at__isnull=True).order_by()
    found = rows.values("asset_id", "operation").annotate(n=Count("pk"), last=Max("number"), minutes=Max("minutes"))
    often = list(found.order_by("-n", "-last")[:USUAL])
    assets: dict[UUID, Asset] = Asset.objects.visible_to(actor).in_bulk([row["asset_id"] for row in often])
    return [
        Usual(assets[row["asset_id"]], row["operation"], row["minutes"]) for row in often if row["asset_id"] in assets
    ]


def grants_on(actor: Actor, asset: Asset, now: datetime) -> QuerySet[Grant]:
    """Return the grants on an asset that may be used now and the actor sees, the one that ends first first."""
    rows = Grant.objects.visible_to(actor).filter(asset=asset, state=GrantState.ACTIVE, expires_at__gt=now)
    return rows.select_related("holder").order_by("expires_at", "number")


def grants_of(actor: Actor, user_id: UUID) -> QuerySet[Grant]:
    """Return the grants a user holds and the actor sees, the one that ends first first."""
    rows = Grant.objects.visible_to(actor).filter(holder_id=user_id, state__in=HELD)
    return rows.select_related("asset").order_by(F("expires_at").asc(nulls_last=True), "number")
