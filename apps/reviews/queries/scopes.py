"""What a scope takes in: the rows of each reviewable kind, narrowed as the scope says."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, Exists, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.functions import Cast

from apps.core.facts import Fact
from apps.core.reviewables import REVIEWABLES, Reviewable
from apps.reviews.models import Item
from apps.reviews.queries.words import key
from apps.reviews.states import NON_HUMAN, HolderKind

#: Columns that only narrow a scope; items have none of these.
ONLY_SCOPE = ("asset_kind", "asset_team", "person_team")
_SHORT = CharField(max_length=320)


def kinds_of(scope: Mapping[str, Any]) -> Iterator[Reviewable]:
    """Yield the kinds a scope is about: those it names, or all access; what governs the portal where it says so."""
    named = set(scope.get("subjects") or ())
    for kind in REVIEWABLES:
        wanted = scope.get("governance") if kind.governance else (not named or kind.kind in named)
        if wanted:
            yield kind


def rows_of(kind: Reviewable, scope: Mapping[str, Any], now: datetime) -> tuple[QuerySet[Any, Any], dict[str, Any]]:
    """Return the rows of a kind within a scope, and the item's columns over them."""
    columns = {"reasons": Value(""), "holder_kind": Value(HolderKind.UNKNOWN), **kind.columns(now)}
    rows = kind.rows(now)
    if not kind.governance:
        rows = _narrowed(rows, columns, scope)
    return rows, {name: value for name, value in columns.items() if name not in ONLY_SCOPE}


def _narrowed(rows: QuerySet[Any, Any], columns: Mapping[str, Any], scope: Mapping[str, Any]) -> QuerySet[Any, Any]:
    filters = Q()
    used: set[str] = set()

    def among(column: str, values: Any) -> Q:
        used.add(column)
        return Q(**{f"in_{column}__in": values})

    for name, column in (("assets", "asset"), ("kinds", "asset_kind"), ("tiers", "tier")):
        if scope.get(name):
            filters &= among(column, scope[name])
    if scope.get("teams"):
        filters &= among("asset_team", scope["teams"]) | among("person_team", scope["teams"])
    if scope.get("privileged_only"):
        filters &= among("privileged", [Fact.YES])
    holders = [*(NON_HUMAN if scope.get("non_human_only") else ()), *_guests(scope)]
    if holders:
        filters &= among("holder_kind", holders)
    if not used <= set(columns):
        return rows.none()
    return rows.annotate(**{f"in_{column}": columns[column] for column in sorted(used)}).filter(filters)


def _guests(scope: Mapping[str, Any]) -> tuple[str, ...]:
    return (HolderKind.GUEST,) if scope.get("guests_only") else ()


def subject_of(kind: Reviewable, now: datetime) -> Any:
    """Return the subject's id as items keep it."""
    return key(kind.rows(now).model._meta.pk.name)


def standing(kind: Reviewable, now: datetime, *, still: bool = False) -> Exists:
    """Return whether the subject of an item stands, for items of this kind only; `still` asks whether it may yet be
    there, so that what ends is not taken for gone."""
    found = kind.still(now) if still and kind.still is not None else kind.rows(now)
    pk = found.model._meta.pk
    typed = UUIDField() if isinstance(pk, UUIDField) else BigIntegerField()
    return Exists(found.filter(pk=Cast(OuterRef("subject_id"), typed)))


def vanished(items: QuerySet[Item], now: datetime, *, still: bool = False) -> Iterator[QuerySet[Item]]:
    """Yield, kind by kind, the items whose subject is gone."""
    for kind in REVIEWABLES:
        yield items.filter(~standing(kind, now, still=still), subject_kind=kind.kind)
