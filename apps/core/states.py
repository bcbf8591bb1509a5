"""State machines: one transition table each, moved only by compare-and-swap."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from apps.core.errors import Conflict


@dataclass(frozen=True, slots=True)
class Machine:
    """A named machine: for each state the states it may move to. States without successors are terminal."""

    name: str
    transitions: Mapping[str, frozenset[str]]

    @property
    def terminal(self) -> frozenset[str]:
        """Return the states that nothing leaves."""
        return frozenset(state for state, following in self.transitions.items() if not following)

    def allows(self, before: str, after: str) -> bool:
        """Return whether the move stands in the table."""
        return after in self.transitions.get(before, frozenset())

    def move(
        self, queryset: models.QuerySet[Any], *, pk: Any, before: str | Iterable[str], after: str, **changes: Any
    ) -> None:
        """Move one row from `before` to `after` by a conditional UPDATE.

        Raises Conflict when the row is in another state by now, ValueError when the table has no such move.
        """
        sources = [before] if isinstance(before, str) else list(before)
        for source in sources:
            if not self.allows(source, after):
                raise ValueError(f"{self.name}: no move from {source} to {after}")
        if not queryset.filter(pk=pk, state__in=sources).update(state=after, **changes):
            raise Conflict(f"This {self.name} is no longer {' or '.join(sources).replace('_', ' ')}.")


def machine(name: str, table: Mapping[str, Iterable[str]]) -> Machine:
    """Build a machine, checking that every successor is a state of its own."""
    transitions = {state: frozenset(following) for state, following in table.items()}
    unknown = {state for following in transitions.values() for state in following} - set(transitions)
    if unknown:
        raise ValueError(f"{name}: unknown states {sorted(unknown)}")
    return Machine(name, transitions)
