"""The column that lists of standing access have of exceptions: the one that stands, or where to ask for one."""

from typing import Any
from uuid import UUID

from apps.core.actor import Actor
from apps.core.panels import CELLS, Cells
from apps.governance.queries.exceptions import open_about
from apps.governance.queries.owned import owned_by
from apps.governance.references import find
from apps.governance.rules.exceptions import can_ask
from apps.governance.states import ReferenceKind


def entitlement_cells(actor: Actor, keys: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return by entitlement its exception, or that the actor may ask for one; empty where there is neither. Two
    queries, and one reference for whoever owns any."""
    standing = open_about(ReferenceKind.ENTITLEMENT, [str(key) for key in keys])
    own = owned_by(actor, keys)
    first = find(actor, ReferenceKind.ENTITLEMENT, str(min(own))) if own else None
    may = own if first is not None and can_ask(actor, first) else set()
    found = {key: {"standing": standing.get(str(key)), "ask": key in may, "key": key} for key in keys}
    return found if standing or may else {}


def register() -> None:
    """Register the column; a name taken by another stops the start."""
    heading = ("Exception", "", False)
    template = "governance/_entitlement_cells.html"
    CELLS.register(
        "governance.exceptions",
        Cells("governance.exceptions", "asset.access", (heading,), template, entitlement_cells, {}),
    )
