"""What access reviews certify: each app registers its reviewable things, reviews stages, shows and removes them.

A kind is a queryset and a mapping: staging is one INSERT … SELECT per kind, whether something is still there is one
semi-join on the primary key of its model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from apps.core.actor import Actor
from apps.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Reviewable:
    """One kind of access, or of what governs access.

    `rows(now)` is what stands now; the subject's id is the primary key of its model. `columns(now)` gives expressions
    over it by column of a review's item (`reviews.models.Item`, its snapshot part): `holder_label` and `operation` at
    least, in words people read where `operation` is none of the catalogue's. `asset_kind`, `asset_team` and
    `person_team` (ids) only narrow a scope.

    `governance`: it governs the portal itself; no scope of assets narrows it. `remove(actor, id, note, now)` takes it
    away in the caller's transaction and raises Conflict when it cannot; without it somebody does it by hand.
    `still(now)` is what may not be taken for gone, where that is more than `rows`: access that is ending, for example.
    """

    kind: str
    title: str
    rows: Callable[[datetime], QuerySet[Any, Any]]
    columns: Callable[[datetime], Mapping[str, Any]]
    governance: bool = True
    remove: Callable[[Actor, str, str, datetime], None] | None = None
    still: Callable[[datetime], QuerySet[Any, Any]] | None = None


REVIEWABLES: Registry[Reviewable] = Registry("reviewable kind")
