"""Staging: what a scope takes in becomes items with reasons, piles, reviewers and digests, by a fixed number of
statements, however many items there are."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Substr

from apps.access.models import PolicyVersion
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.core.reviewables import Reviewable
from apps.core.sql import analyse, insert_from, update_from
from apps.inventory.models import Person
from apps.inventory.states import PersonStatus
from apps.reviews.events import CAMPAIGN_STAGED
from apps.reviews.models import Campaign, Item
from apps.reviews.queries.digests import digest_expression, snapshot_hash
from apps.reviews.queries.reasons import pile_expression, reasons_expression
from apps.reviews.queries.scopes import kinds_of, rows_of, subject_of
from apps.reviews.rules.campaigns import can_run_campaigns
from apps.reviews.services.assigning import assign
from apps.reviews.services.room import give_room
from apps.reviews.states import CAMPAIGN_MACHINE, CampaignState, HolderKind, ItemState, Pile, Reason, Routed, Trigger

#: After so many rows PostgreSQL's picture of the table is too old for the steps that follow.
MANY = 1_000
#: Why a review of one item asks for a close look, where its access alone does not tell.
BECAUSE = {Trigger.RETURNED: Reason.RETURNED, Trigger.LAPSED: Reason.LAPSED}


def subject_of_campaign(campaign: Campaign) -> Subject:
    """Return the campaign as the audit log names it."""
    return Subject("review", str(campaign.pk), f"{campaign.code}: {campaign.name}"[:300])


@command(CAMPAIGN_STAGED)
def stage(*, actor: Actor, campaign: Campaign, only: tuple[str, str] | None = None, now: datetime) -> Changed:
    """Fill a draft with its items and show it: piles, reviewers, who has none. The value is the campaign.

    `only` (kind, id) takes in one subject, whatever the scope. Raises Forbidden, Conflict when it is no draft any
    more, Invalid when nothing is in scope.
    """
    can_run_campaigns(actor).require()
    give_room()
    newest = PolicyVersion.objects.order_by("-number").values_list("pk", flat=True).first()
    CAMPAIGN_MACHINE.move(
        Campaign.objects.all(),
        pk=campaign.pk,
        before=CampaignState.DRAFT,
        after=CampaignState.STAGED,
        staged_at=now,
        policy_version_id=newest,
    )
    count = sum(_insert(campaign, kind, only, now) for kind in kinds_of(campaign.scope))
    if not count:
        raise Invalid("Nothing is in this scope.", scope="Widen it.")
    if count >= MANY:
        analyse(Item)
    items = Item.objects.filter(campaign=campaign)
    explain(campaign, items, now)
    unassigned = assign(items, campaign.stages[0])
    found = snapshot_hash(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(items_count=count, snapshot_hash=found)
    campaign.refresh_from_db()
    facts = {**_counts(items), "items": count, "without_reviewer": unassigned, "snapshot_hash": found}
    before, after = CampaignState.DRAFT, CampaignState.STAGED
    return Changed(subject_of_campaign(campaign), facts, value=campaign, before=before, after=after)


def _insert(campaign: Campaign, kind: Reviewable, only: tuple[str, str] | None, now: datetime) -> int:
    if only is not None and only[0] != kind.kind:
        return 0
    rows, columns = rows_of(kind, campaign.scope if only is None else {}, now)
    if only is not None:
        rows = rows.filter(pk=UUID(only[1]) if len(only[1]) == 32 else int(only[1]))
    return insert_from(Item, {**defaults(), **columns, **_place(campaign, kind, now)}, rows)


def defaults() -> dict[str, Any]:
    """Return a value for every column of an item but its number, as it is before anything is known."""
    found: dict[str, Any] = {}
    for field in Item._meta.concrete_fields:
        if not field.primary_key:
            value = None if field.null else field.get_default()
            found[field.name] = Value(value, output_field=_plain(field))
    return found


def _plain(field: Any) -> Any:
    target = getattr(field, "target_field", None)
    return (target or field).__class__(**({"max_length": field.max_length} if field.max_length else {}))


def _place(campaign: Campaign, kind: Reviewable, now: datetime) -> dict[str, Any]:
    return {
        "campaign": Value(campaign.pk, output_field=IntegerField()),
        "subject_kind": Value(kind.kind, output_field=CharField()),
        "subject_id": Substr(subject_of(kind, now), 1, 64),
        "stage": Value(1),
        "state": Value(ItemState.OPEN),
        "pile": Value(Pile.CLOSE),
        "routed": Value(Routed.NOBODY),
        "decision": Value(""),
    }


def explain(campaign: Campaign, items: QuerySet[Item], now: datetime) -> None:
    """Record peers, reasons, piles and digests of items that have no digest yet."""
    _count_peers(campaign, items)
    if campaign.trigger in BECAUSE:
        items.update(reasons=Value(f"{BECAUSE[Trigger(campaign.trigger)]} "))
    items.update(reasons=reasons_expression(now))
    items.update(pile=pile_expression(), digest=digest_expression())


def _count_peers(campaign: Campaign, items: QuerySet[Item]) -> None:
    """Peers of a person are those of the same team, of an agent the other agents; n of m have the same access."""
    people = items.filter(holder_kind=HolderKind.HUMAN, holder_person__isnull=False).exclude(holder_team="")
    same = ("campaign", "holder_kind", "holder_team", "asset_label", "operation")
    having = people.values(*same).annotate(n=Count("holder_person", distinct=True))
    update_from(Item, {"peers_with": F("n")}, having, on={name: F(name) for name in same})
    teams = Person.objects.exclude(status=PersonStatus.LEFT).exclude(team_name="").order_by().values("team_name")
    ours: dict[str, Any] = {
        "campaign": Value(campaign.pk),
        "holder_kind": Value(HolderKind.HUMAN),
        "holder_team": F("team_name"),
    }
    update_from(Item, {"peers_of": F("m")}, teams.annotate(m=Count("pk")), on=ours)
    agents = items.filter(holder_kind=HolderKind.AGENT)
    number = agents.values("holder_label").distinct().count()
    if number:
        alike = ("campaign", "holder_kind", "asset_label", "operation")
        having = agents.values(*alike).annotate(n=Count("holder_label", distinct=True))
        columns: dict[str, Any] = {"peers_with": F("n"), "peers_of": Value(number)}
        update_from(Item, columns, having, on={name: F(name) for name in alike})


def _counts(items: QuerySet[Item]) -> dict[str, Any]:
    rows = items.values("pile").annotate(n=Count("pk"), people=Count("reviewer", distinct=True))
    piles: Counter[str] = Counter({row["pile"]: row["n"] for row in rows})
    reviewers = items.filter(Q(reviewer__isnull=False)).values("reviewer").distinct().count()
    return {"piles": dict(piles), "reviewers": reviewers}


def require_staged(campaign: Campaign) -> None:
    """Raise Conflict unless the campaign shows its preview."""
    if campaign.state != CampaignState.STAGED:
        raise Conflict("This review is no preview any more.")
