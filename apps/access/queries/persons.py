"""Which person stands behind a user, as SQL: for questions over all grants; `people.who_are` answers for few users."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, UUIDField
from django.db.models.functions import Coalesce, Lower

from apps.inventory.models import Identity, Person


def person_of(user: str) -> Coalesce:
    """Return an expression for the id of the person behind the user at the path `user`; null where none is known.

    The person whom an administrator linked; else the one with an account of the user's mail address as mail or login;
    else the one who has that address. So a second account that nobody linked is still known as the same person's.
    """
    address = Lower(OuterRef(f"{user}__email"))
    identities = Identity.objects.present().filter(person__isnull=False)
    return Coalesce(
        Subquery(Person.objects.filter(user_id=OuterRef(f"{user}_id")).values("pk")[:1]),
        _first(identities.alias(at=Lower("email")).filter(at=address).values("person_id")),
        _first(identities.alias(at=Lower("login")).filter(at=address).values("person_id")),
        _first(Person.objects.alias(at=Lower("email")).filter(at=address).values("pk")),
        output_field=UUIDField(),
    )


def _first(rows: QuerySet[Any, Any]) -> Subquery:
    """Return the first by id, so that the same account is behind it each time."""
    return Subquery(rows.order_by("pk")[:1])
