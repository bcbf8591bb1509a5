"""Which users are one person: the floor that knows people tells it to the floors below, which count persons."""

from collections.abc import Callable, Iterable
from uuid import UUID

from apps.core.registry import Registry

#: Called with users and candidates; returns those candidates who are one person with any of the users.
SamePerson = Callable[[frozenset[UUID], frozenset[UUID]], frozenset[UUID]]

SAME_PERSON: Registry[SamePerson] = Registry("how persons are told apart")


def accounts_of(users: Iterable[UUID | None], among: Iterable[UUID | None]) -> frozenset[UUID]:
    """Return who of `among` is one of the users, by the same account or by another one of the same person."""
    ids = frozenset(pk for pk in users if pk is not None)
    candidates = frozenset(pk for pk in among if pk is not None)
    found = ids & candidates
    for tell in SAME_PERSON:
        found |= tell(ids, candidates)
    return found
