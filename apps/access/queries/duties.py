"""Duty conflicts among all live grants at once; `conflicts` tells them for one person and asset, with the lineage."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.lookups import Exact

from apps.access.models import Grant
from apps.core.facts import Fact
from apps.governance.duties import conflicts_of
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Entitlement

#: Of which tier an asset is taken to be: tier 1 makes one rule strict that is dynamic elsewhere, never another pair.
TIER = 1


def in_conflict(grants: QuerySet[Grant], live: QuerySet[Grant], at: datetime) -> QuerySet[Grant]:
    """Return those of `grants` whose holder holds a conflicting operation on the same asset at `at`.

    By another of the `live` grants, or by access that a source shows of an account of the same person.
    """
    other = live.filter(_conflicting(), holder_id=OuterRef("holder_id"), asset_id=OuterRef("asset_id"))
    there = Q(first_seen_at__lte=at) & (Q(gone_at__isnull=True) | Q(gone_at__gt=at))
    shown = Entitlement.objects.filter(
        there, _conflicting(), identity__person__user_id=OuterRef("holder_id"), asset_id=OuterRef("asset_id")
    ).exclude(identity__enabled=Fact.NO)
    return grants.filter(Exists(other) | Exists(shown))


def _conflicting() -> Q:
    """Return the condition that the inner operation is one that conflicts with the outer row's."""
    pairs = ((operation, sorted(conflicts_of(operation, TIER))) for operation in OPERATIONS)
    return _any(
        Q(operation__in=others) & Q(Exact(OuterRef("operation"), operation)) for operation, others in pairs if others
    )


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q(pk__in=[]))
