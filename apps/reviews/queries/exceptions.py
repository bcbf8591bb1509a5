"""Items as something an exception may be about: revoked access that could not be removed, for a time."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast

from apps.accounts.queries import role_holders
from apps.core import clock
from apps.core.actor import Actor, Role
from apps.core.facts import Fact
from apps.core.reviewables import REVIEWABLES
from apps.core.text import display
from apps.governance.models import RiskException
from apps.governance.models.exception import RiskExceptionQuerySet
from apps.governance.operations import verb_of
from apps.governance.queries.people import users_with
from apps.governance.references import Reference
from apps.governance.states import OPEN_EXCEPTIONS, ReferenceKind, Severity
from apps.inventory.models import Identity
from apps.reviews.models import Item, Removal
from apps.reviews.queries.scopes import standing
from apps.reviews.queries.seconding import answered_by
from apps.reviews.states import ANSWERED_ITEMS, OPEN_ITEMS, CampaignState, ItemState, SubjectKind

#: Items whose risk may be accepted: the removal is asked for and not proven.
ACCEPTABLE = (ItemState.REMEDIATING, ItemState.FAILED)
KIND = ReferenceKind.REVIEW_ITEM


def find(actor: Actor | None, key: str) -> Reference | None:
    """Return an item as a reference: the owner of its asset and whoever removes it answer for it, else the security
    administrators; its holder gains by it, and neither who decided to revoke it nor in whose name that was signs.
    Ten queries.
    """
    if not key.isdecimal() or len(key) > 17:
        return None
    rows = Item.objects.select_related("campaign", "asset__owner", "removal")
    row = rows.filter(pk=int(key)).first()
    if row is None:
        return None
    owners = owners_of(row)
    seen = Item.objects.all() if actor is None or actor.user_id in owners else Item.objects.visible_to(actor)
    if not seen.filter(pk=row.pk).exists():
        return None
    asset = row.asset
    return Reference(
        kind=KIND,
        key=str(row.pk),
        label=f"{row.campaign.code} {display(row.holder_label)}: {verb_of(row.operation)}, {display(row.asset_label)}",
        severity=_severity(row),
        url=f"/reviews/{row.campaign_id}",
        owners=owners,
        # Whom no import linked to a person is known by what the account bears.
        holders=frozenset({row.holder_user_id})
        if row.holder_user_id
        else users_with((row.holder_email, row.holder_login)),
        deciders=answered_by(row),
        team_id=asset.team_id if asset else None,
        about=_about(row),
        closed="" if row.state in ACCEPTABLE else "Only revoked access that is still to be removed can be accepted.",
    )


def owners_of(row: Item) -> frozenset[UUID]:
    """Return who answers for an item; no query where its asset has an owner or somebody removes it by hand."""
    owner = row.asset.owner if row.asset and row.asset.owner_confirmed_at else None
    removal = getattr(row, "removal", None)
    found = {owner.user_id if owner else None, removal.owner_id if removal else None} - {None}
    if not found:
        found = set(role_holders(Role.SECURITY_ADMIN).values_list("pk", flat=True))
    return frozenset(user for user in found if user is not None)


def _severity(row: Item) -> str:
    """Return how much is at stake: privileged on tier 1 is critical; what is not known counts as the worse."""
    if row.privileged != Fact.NO:
        return Severity.CRITICAL if (row.tier or 1) == 1 else Severity.HIGH
    return Severity.HIGH if (row.tier or 1) == 1 else Severity.MEDIUM


def _about(row: Item) -> tuple[tuple[str, UUID], ...]:
    """Return the subjects whose met checks may compensate: the asset, its model, and the identities of the holder."""
    found: set[tuple[str, UUID]] = set()
    if row.asset is not None:
        found.add(("asset", row.asset.pk))
        found |= {("asset", row.asset.parent_id)} if row.asset.parent_id else set()
    holders = Identity.objects.present()
    if row.subject_kind == SubjectKind.ENTITLEMENT:
        holders = holders.filter(entitlements=UUID(row.subject_id))
    elif row.holder_person_id is not None:
        holders = holders.filter(person_id=row.holder_person_id)
    else:
        holders = holders.none()
    return tuple(sorted(found | {("identity", pk) for pk in holders.values_list("pk", flat=True)[:100]}, key=str))


def _standing(items: QuerySet[Item], now: datetime) -> list[QuerySet[Item]]:
    """Return, kind by kind, the items whose subject may still be there and on which nobody decided anew."""
    newer = Item.objects.filter(
        subject_kind=OuterRef("subject_kind"), subject_id=OuterRef("subject_id"), number__gt=OuterRef("number"),
        state__in=ANSWERED_ITEMS,
    )  # fmt: skip
    rows = items.filter(~Exists(newer))
    return [rows.filter(standing(kind, now, still=True), subject_kind=kind.kind) for kind in REVIEWABLES]


def over(rows: RiskExceptionQuerySet) -> RiskExceptionQuerySet:
    """Keep the exceptions whose access is gone, or on which somebody decided anew."""
    named = Item.objects.filter(pk=OuterRef("about_number"))
    live = named.filter(state__in=[*ACCEPTABLE, ItemState.RISK_ACCEPTED])
    found = rows.about(KIND)
    for items in _standing(live, clock.now()):
        found = found.filter(~Exists(items))
    return found


def about_items(items: Iterable[Item]) -> dict[str, RiskException]:
    """Return the exceptions that wait or are in force about some items, by key. One query."""
    rows = RiskException.objects.filter(kind=KIND, state__in=OPEN_EXCEPTIONS, key__in=[str(row.pk) for row in items])
    return {row.key: row for row in rows}


def lapsed(now: datetime) -> list[QuerySet[Item]]:
    """Return, kind by kind, the items whose accepted risk is accepted no longer while the access is there, and about
    which no review asks yet."""
    same = {"subject_kind": OuterRef("subject_kind"), "subject_id": OuterRef("subject_id")}
    asks = Item.objects.filter(**same, number__gt=OuterRef("number"), state__in=OPEN_ITEMS)
    asks = asks.exclude(campaign__state=CampaignState.CANCELLED)
    in_force = RiskException.objects.in_force(now.date()).filter(kind=KIND, key=OuterRef("text"))
    rows = Item.objects.filter(state=ItemState.RISK_ACCEPTED).annotate(text=Cast("pk", CharField()))
    return _standing(rows.filter(~Exists(in_force), ~Exists(asks)), now)


def removal_of(exception: RiskException) -> Removal | None:
    """Return the removal that an exception about an item stands in for. One query."""
    rows = Removal.objects.select_related("item__campaign")
    return rows.filter(pk=int(exception.key), item__state__in=ACCEPTABLE).first()
