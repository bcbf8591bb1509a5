"""Giving items to reviewers, set by set: one statement for each who is in line, never to who must not certify them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, DateTimeField, Exists, OuterRef, QuerySet, Subquery, UUIDField, Value

from apps.core.sql import insert_from
from apps.reviews.models import Item, Routing
from apps.reviews.queries.candidates import Rung, escalation, ladder
from apps.reviews.queries.independence import independent
from apps.reviews.states import ItemState, ReviewerRule, Routed


def assign(items: QuerySet[Item], stage: Mapping[str, Any]) -> int:
    """Give items without a reviewer to whom the stage asks, down its ladder; return how many nobody may answer.

    Asking the holder is asking for input: that rung alone is not asked for independence.
    """
    rungs = ladder(stage)
    if stage["reviewer"] == ReviewerRule.SELF:
        why, where, users = rungs[0]
        _give(items.filter(where), why, users)
        rungs = rungs[1:]
    return climb(items, rungs)


def climb(items: QuerySet[Item], rungs: Iterable[Rung]) -> int:
    """Give items without a reviewer to the first on the rungs who may certify them; return how many are left over."""
    for why, where, users in rungs:
        _give(items.filter(where), why, independent(users))
    left = items.filter(reviewer__isnull=True)
    return left.update(routed=Routed.NOBODY)


def _give(items: QuerySet[Item], why: Routed, users: QuerySet[Any]) -> None:
    items.filter(reviewer__isnull=True).update(reviewer_id=Subquery(users.values("pk")[:1]), routed=Value(why))


def move_on(items: QuerySet[Item], why: Routed, now: datetime, *, by: UUID | None = None) -> int:
    """Take items from reviewers who did not answer, give them to who comes after and clear what was said; return how
    many moved, each with its routing.

    Where nobody else may certify an item, or it moved for this reason before, it stays: the seal gives it the default.
    """
    cleared = {"state": ItemState.OPEN, "decision": "", "decided_by": None, "decided_at": None}
    moved = 0
    for where, users in escalation():
        others = independent(users.exclude(pk=OuterRef("reviewer_id")))
        todo = items.filter(where, Exists(others)).exclude(routed=why)
        heir = Subquery(others.values("pk")[:1])
        insert_from(Routing, routing_columns(why, now, after=heir, by=by), todo)
        moved += todo.update(reviewer_id=heir, routed=Value(why), **cleared)
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
