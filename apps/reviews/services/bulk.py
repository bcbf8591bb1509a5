"""Deciding several items at once: only what was previewed, never what asks for a close look, logged as one."""

import random
import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, F, IntegerField, JSONField, Q, UUIDField, Value, When

from apps.access.rules.requests import person_id
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.facts import Fact
from apps.core.sql import insert_from
from apps.reviews.events import BULK_DECIDED, SAMPLE_DRAWN
from apps.reviews.models import Bulk, Campaign, Decision, Sample
from apps.reviews.queries.bulk import PILE_OF, SAMPLE_SIZE, preview, sample_left, sample_of, sheet_items
from apps.reviews.queries.independence import conflicted
from apps.reviews.rules.bulk import can_decide_at_once
from apps.reviews.rules.deciding import can_sit
from apps.reviews.services.deciding import open_campaign_of, require_unsigned
from apps.reviews.services.staging import subject_of_campaign
from apps.reviews.states import Choice, Default, ItemState, Pile

LONGEST_SEED = 32


@command(SAMPLE_DRAWN)
def draw_sample(
    *, actor: Actor, campaign: Campaign, seed: str = "", on_behalf_of: UUID | None = None, now: datetime
) -> Changed | Unchanged:
    """Draw the random items of *Used and usual* that are decided before the rest is kept at once.

    Once a sheet, and again when more was put to the reviewer since. The seed is recorded, so that anyone can draw them
    again. The value is the Sample. Raises Forbidden, Conflict, Invalid when the pile is empty.
    """
    row = open_campaign_of(campaign.pk)
    reviewer = on_behalf_of or person_id(actor)
    drawn = sample_of(row, reviewer)
    if drawn is not None:
        return Unchanged(value=drawn)
    _may_sit(actor, row, on_behalf_of, Pile.USUAL, now)
    items = sheet_items(row, reviewer).filter(pile=Pile.USUAL, state=ItemState.OPEN).order_by("number")
    numbers = list(items.values_list("pk", flat=True))
    if not numbers or len(seed) > LONGEST_SEED:
        raise Invalid("There is nothing to draw from." if not numbers else "A seed has at most 32 characters.")
    seed = seed or secrets.token_hex(8)
    chosen = sorted(random.Random(seed).sample(numbers, min(SAMPLE_SIZE, len(numbers))))  # noqa: S311 - to be redrawn
    sample = Sample.objects.create(
        campaign=row, stage=row.stage, reviewer_id=reviewer, seed=seed, items=chosen, drawn_from=len(numbers), at=now
    )
    facts: dict[str, object] = {"seed": seed, "items": chosen, "drawn_from": len(numbers)}
    return Changed(subject_of_campaign(row), facts, value=sample)


@command(BULK_DECIDED)
def bulk_decide(
    *, actor: Actor, campaign: Campaign, choice: str, digest: str, on_behalf_of: UUID | None = None, now: datetime
) -> Changed:
    """Decide the previewed set at once: revoke what is probably not needed, or keep what is used and usual.

    `digest` is that of `queries.bulk.preview`. One statement writes the answers, one event tells of all. The value is
    the Bulk. Raises Forbidden (also when one of them is the actor's own access), Conflict when the set is another by
    now or the random items are not decided yet, Invalid for another choice or an empty set.
    """
    if choice not in PILE_OF:
        raise Invalid("Only keep and revoke are said of several at once.", choice="Choose one.")
    row = open_campaign_of(campaign.pk)
    reviewer = on_behalf_of or person_id(actor)
    _may_sit(actor, row, on_behalf_of, PILE_OF[Choice(choice)], now)
    found = preview(row, reviewer, choice)
    sample = sample_of(row, reviewer) if choice == Choice.KEEP else None
    if choice == Choice.KEEP and (sample is None or sample_left(sample)):
        raise Conflict("Decide the random items first.")
    if found.digest != digest:
        raise Conflict("The set is another one by now; look at it again.")
    if not found.count:
        raise Invalid("There is nothing left to decide at once.")
    people = [user for user in (actor.user_id, on_behalf_of) if user is not None]
    can_decide_at_once(conflicted(found.items.order_by(), people).count()).require()
    bulk = Bulk.objects.create(
        campaign=row, stage=row.stage, reviewer_id=person_id(actor), choice=choice, digest=digest, count=found.count,
        sample=sample, at=now,
    )  # fmt: skip
    _answer(found.items.order_by(), bulk, actor, on_behalf_of, now)
    facts: dict[str, object] = {"choice": choice, "items": found.count, "digest": digest}
    facts |= {"sample": sample.pk if sample else 0, "on_behalf_of": str(on_behalf_of or "")}
    return Changed(subject_of_campaign(row), facts, value=bulk)


def _may_sit(actor: Actor, campaign: Campaign, on_behalf_of: UUID | None, pile: str, now: datetime) -> None:
    """Raise Forbidden or Conflict unless this sheet may be decided on by the actor."""
    reviewer = on_behalf_of or person_id(actor)
    items = sheet_items(campaign, reviewer).filter(pile=pile)
    strictest = items.exclude(tier=None).order_by("tier").values_list("tier", flat=True).first()
    strictest = 1 if items.filter(tier=None).exists() else strictest
    can_sit(actor, reviewer, on_behalf_of, strictest, now).require()
    require_unsigned(campaign, reviewer)


def _answer(items: Any, bulk: Bulk, actor: Actor, on_behalf_of: UUID | None, now: datetime) -> None:
    columns = decision_columns(now) | {
        "stage": Value(bulk.stage, output_field=IntegerField()),
        "reviewer": Value(actor.user_id, output_field=UUIDField()),
        "on_behalf_of": Value(on_behalf_of, output_field=UUIDField()),
        "choice": Value(bulk.choice),
        "bulk": Value(bulk.pk, output_field=IntegerField()),
        "strength": Value(str(actor.strength)),
    }
    written = insert_from(Decision, columns, items)
    changed = {"decision": bulk.choice, "decided_by_id": actor.user_id, "decided_at": now, "defaulted": False}
    moved = items.filter(state=ItemState.OPEN).update(state=ItemState.DECIDED, **changed)
    if not written == moved == bulk.count:
        raise Conflict("The set changed while it was decided; look at it again.")


def decision_columns(now: datetime) -> dict[str, Any]:
    """Return the columns of answers to items, before it is said whose and what they are."""
    at = Decision._meta.get_field("at").__class__()
    return {
        "item": "number",
        "campaign": "campaign_id",
        "stage": "stage",
        "reviewer": Value(None, output_field=UUIDField()),
        "on_behalf_of": Value(None, output_field=UUIDField()),
        "choice": F("decision"),
        "note": Value("", output_field=CharField()),
        "less": Value({}, output_field=JSONField()),
        "defaulted": Value(False),
        "second": Value(False),
        "bulk": Value(None, output_field=IntegerField()),
        "digest": "digest",
        "strength": Value("", output_field=CharField()),
        "at": Value(now, output_field=at),
    }


def default_choice(campaign: Campaign) -> Any:
    """Return what is recorded for an item nobody answered: revoke for what asks for a close look, else what the terms
    say."""
    low = Choice.REVOKE if campaign.default_choice == Default.REVOKE else Choice.KEEP
    return Case(When(needs_close_look(), then=Value(Choice.REVOKE)), default=Value(low))


def needs_close_look() -> Q:
    """Return which items no default keeps: of *Look closely*, privileged (or perhaps), of tier 1 or of unknown tier."""
    return Q(pile=Pile.CLOSE) | Q(tier__isnull=True) | Q(tier=1) | ~Q(privileged=Fact.NO)
