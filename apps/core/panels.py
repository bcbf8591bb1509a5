"""Panel slots: a lower floor's page shows what an upper floor registered for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.core.actor import Actor
from apps.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: the slot it belongs to, its template, and the function that makes its context.

    `context(actor, subject)` returns None when there is nothing to show.
    """

    name: str
    slot: str
    template: str
    context: Callable[[Actor, Any], dict[str, Any] | None]
    order: int = 50


PANELS: Registry[Panel] = Registry("panel")


def panels_for(slot: str, actor: Actor, subject: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return (template, context) of each panel of the slot that has something to show."""
    found = sorted((panel for panel in PANELS if panel.slot == slot), key=lambda panel: panel.order)
    made = [(panel.template, panel.context(actor, subject)) for panel in found]
    return [(template, context) for template, context in made if context is not None]


@dataclass(frozen=True, slots=True)
class Cells:
    """Columns that an upper floor adds to a list of a lower one.

    `cells(actor, keys)` returns, in one query, what `template` prints for each row (its `<td>` elements); `headings`
    are (label, sort key or "", numeric). `orderings` maps sort keys to fields of the rows.
    """

    name: str
    slot: str
    headings: tuple[tuple[str, str, bool], ...]
    template: str
    cells: Callable[[Actor, list[Any]], dict[Any, Any]]
    orderings: dict[str, tuple[Any, ...]]


CELLS: Registry[Cells] = Registry("list columns")


def cells_for(slot: str) -> list[Cells]:
    """Return the added columns of a list."""
    return [cells for cells in CELLS if cells.slot == slot]
