"""Counts beside the rows of a list: correlated, so that only the rows of the page are counted."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce


def distinct_count(rows: QuerySet[Any], key: str, counted: str = "pk") -> Coalesce:
    """Return a correlated distinct count that is 0 where there is none."""
    counts = rows.filter(**{key: OuterRef("pk")}).order_by().values(key).annotate(n=Count(counted, distinct=True))
    return Coalesce(Subquery(counts.values("n"), output_field=IntegerField()), 0)
