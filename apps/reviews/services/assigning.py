"""Giving items to reviewers, set by set: one statement for each who is in line, never to who must not certify them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, DateTimeField, F, QuerySet, UUIDField, Value, Window
from django.db.models.functions import RowNumber

from apps.core.sql import insert_from, update_from
from apps.reviews.models import Item, Routing
from apps.reviews.queries.candidates import Rung, escalation, ladder, several, works_here
from apps.reviews.queries.independence import Who, facing, free
from apps.reviews.states import ItemState, ReviewerRule, Routed


def assign(items: QuerySet[Item], stage: Mapping[str, Any]) -> int:
    """Give items without a reviewer to whom the stage asks, down its ladder; return how many nobody may answer.

    Asking the holder is asking for input: that rung alone is not asked for independence.
    """
    rungs = ladder(stage)
    if stage["reviewer"] == ReviewerRule.SELF:
        why, where, who = rungs[0]
        _give(facing(items.filter(where), who).filter(works_here(who), reviewer__isnull=True), why)
        rungs = rungs[1:]
    return climb(items, rungs)


def climb(items: QuerySet[Item], rungs: Iterable[Rung]) -> int:
    """Give items without a reviewer to the first on the rungs who may certify them; return how many are left over."""
    left = items.filter(reviewer__isnull=True)
    for why, where, who in rungs:
        if left.exists():
            _give(_may(left.filter(where), who), why, first=several(who))
    return left.update(routed=Routed.NOBODY)


def _may(items: QuerySet[Item], who: Who) -> QuerySet[Item]:
    """Return the items with who may certify them, where there is one; a row for each where there are several."""
    return free(facing(items.filter(works_here(who)), who))


def _give(items: QuerySet[Item], why: Routed, *, first: str = "") -> None:
    if first:
        place = Window(RowNumber(), partition_by=F("number"), order_by=f"{first}__pk")
        items = items.alias(place=place).filter(place=1)
    update_from(Item, {"reviewer": F("who"), "routed": Value(why)}, items, on={"number": F("number")})


def move_on(items: QuerySet[Item], why: Routed, now: datetime, *, by: UUID | None = None) -> int:
    """Take items from reviewers who did not answer, give them to who comes after and clear what was said; return how
    many moved, each with its routing.

    Where nobody else may certify an item, or it moved for this reason before, it stays: the seal gives it the default.
    """
    cleared: dict[str, Any] = {"state": Value(ItemState.OPEN), "decision": Value(""), "decided_by": Value(None),
                               "decided_at": Value(None)}  # fmt: skip
    moved = 0
    for where, who in escalation():
        others = _may(items.filter(where).exclude(routed=why), who).exclude(reviewer_id=F("who"))
        put = insert_from(Routing, routing_columns(why, now, after=F("who"), by=by), others)
        if put:
            fresh = Routing.objects.filter(why=why, at=now, item__in=items.exclude(routed=why))
            columns = {"reviewer": F("after_id"), "routed": Value(why), **cleared}
            moved += update_from(Item, columns, fresh, on={"number": F("item_id")})
    return moved


def routing_columns(why: Routed, now: datetime, *, after: Any = None, by: UUID | None = None) -> dict[str, Any]:
    """Return the columns of routings of items that leave their reviewers."""
    return {
        "item": "number",
        "stage": "stage",
        "before": "reviewer_id",
        "after": after or Value(None, output_field=UUIDField()),
        "why": Value(why),
        "note": Value("", output_field=CharField()),
        "by": Value(by, output_field=UUIDField()),
        "at": Value(now, output_field=DateTimeField()),
    }
