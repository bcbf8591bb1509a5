"""Looking people up by id, mail, login or name: a table of what is unique, made once, instead of a search per row."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import CharField, Count, F, Min, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Lower

from apps.core.sql import analyse, insert_from, temp_table
from apps.inventory.models.known import KnownPerson

#: How a person is known: the way, the rows that know them, the column of the value, the one of the person.
Way = tuple[str, QuerySet[Any], str, str]


@contextmanager
def known(ways: Sequence[Way]) -> Iterator[None]:
    """Keep a table of who is known how, for the block. A value that two people have is left out: it decides nothing."""
    columns: list[tuple[QuerySet[Any], dict[str, Any]]] = [
        (_unique(rows, value, person), {"key": F("_key"), "via": Value(via), "person": F("_person")})
        for via, rows, value, person in ways
    ]
    with temp_table(KnownPerson._meta.db_table, *columns[0], indexes=[["key", "via"]]):
        for rows, chosen in columns[1:]:
            insert_from(KnownPerson, chosen, rows)
        analyse(KnownPerson)
        yield


def _unique(rows: QuerySet[Any], value: str, person: str) -> QuerySet[Any]:
    named = rows.filter(**{f"{person}__isnull": False}).exclude(**{value: ""}).order_by()
    grouped = named.annotate(_key=Lower(value)).values("_key")
    counted = grouped.annotate(_people=Count(person, distinct=True), _person=Min(Cast(person, CharField())))
    return counted.filter(_people=1)


def person_by(*lookups: tuple[str, str]) -> Any:
    """Return the person found by the first of the lookups (column, way) that finds one, else null."""
    found = [
        Subquery(KnownPerson.objects.filter(via=via, key=Lower(OuterRef(column))).values("person")[:1])
        for column, via in lookups
    ]
    return Coalesce(*found, Value(None, output_field=CharField()))
