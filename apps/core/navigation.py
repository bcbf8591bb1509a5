"""Navigation: apps register entries in `ready()`; what an actor may not open is not shown."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from apps.core.actor import Actor
from apps.core.registry import Registry

#: What waits for an actor at a moment; None is nothing. Every page counts it, all entries' by one statement.
Waiting = Callable[[Actor, datetime], "QuerySet[Any, Any] | None"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the side bar. `tab` puts it into the bottom bar of phones too, `only_tab` nowhere else; `waiting` is
    what waits there, of which the number is shown, and while there is any it is in the bottom bar as well."""

    name: str
    label: str
    url_name: str
    icon: str
    group: str = ""
    order: int = 50
    shown_to: Callable[[Actor], bool] = lambda actor: True
    tab: bool = False
    only_tab: bool = False
    waiting: Waiting = lambda actor, now: None


ENTRIES: Registry[Entry] = Registry("navigation entry")
GROUPS = ("", "Access", "Assurance", "Setup")


def entries_for(actor: Actor) -> list[tuple[str, list[Entry]]]:
    """Return the groups with the entries this actor may open, in order."""
    shown = [entry for entry in ENTRIES if entry.shown_to(actor)]
    grouped = [(group, sorted((e for e in shown if e.group == group), key=lambda e: e.order)) for group in GROUPS]
    return [(group, entries) for group, entries in grouped if entries]
