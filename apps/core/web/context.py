"""What the shell of every page needs."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from apps.core import clock
from apps.core.actor import Actor
from apps.core.navigation import Entry, Waiting, entries_for
from apps.core.registry import Registry
from apps.core.sql import counted

#: Facts about the portal that the shell shows, registered by upper floors: name → function of the request.
SHELL: Registry[Callable[[HttpRequest], Any]] = Registry("shell fact")
#: What waits beside the navigation, by the name under which templates find its number.
COUNTS: Registry[Waiting] = Registry("shell count")

#: Entries that fit into the bottom bar of a narrow phone beside *More*, each with its word.
ROOM = 5


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return portal name, navigation for the actor, theme, and the registered facts (`sample_bar`, `organisation`)."""
    actor = getattr(request, "actor", None)
    theme = request.COOKIES.get("theme", "")
    context: dict[str, Any] = {
        "portal_name": settings.ZTPORTAL_NAME,
        "organisation": settings.ZTPORTAL_ORGANISATION,
        "actor": actor,
        "theme": theme if theme in ("light", "dark") else "",
        "nav": [],
        "tabs": [],
    }
    if actor is None:
        return context
    frame = _Frame(request, actor)
    # A fragment of a page draws no navigation, and then nothing is counted for it.
    context["nav"] = SimpleLazyObject(lambda: frame.nav)
    context["tabs"] = SimpleLazyObject(lambda: frame.tabs)
    for name in COUNTS.names():
        context[name] = SimpleLazyObject(partial(frame.count, name))
    for name in SHELL.names():
        context[name] = SHELL[name](request)
    return context


class _Frame:
    """The navigation of one page, made when it is drawn."""

    def __init__(self, request: HttpRequest, actor: Actor) -> None:
        self._request, self._actor = request, actor

    @cached_property
    def _groups(self) -> list[tuple[str, list[Entry]]]:
        return entries_for(self._actor)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return how much waits, by the names of entries and of COUNTS. One query, and one for the time."""
        now = getattr(self._request, "received_at", None) or clock.now()
        asked: dict[str, Waiting] = {entry.name: entry.waiting for _, entries in self._groups for entry in entries}
        asked |= {name: COUNTS[name] for name in COUNTS.names()}
        rows = {name: waiting(self._actor, now) for name, waiting in asked.items()}
        return dict.fromkeys(asked, 0) | counted({name: found for name, found in rows.items() if found is not None})

    def count(self, name: str) -> int:
        """Return how much waits under a name."""
        return self.counts[name]

    @cached_property
    def _items(self) -> dict[str, dict[str, Any]]:
        return {entry.name: self._item(entry) for _, entries in self._groups for entry in entries}

    @cached_property
    def nav(self) -> list[dict[str, Any]]:
        """Return the groups of the side bar with their entries."""
        return [
            {"label": label, "items": shown}
            for label, entries in self._groups
            if (shown := [self._items[entry.name] for entry in entries if not entry.only_tab])
        ]

    @cached_property
    def tabs(self) -> list[dict[str, Any]]:
        """Return the entries of the bottom bar of phones: the fixed ones, and where something waits, which goes first
        when the bar has no room for all."""
        entries = [entry for _, group in self._groups for entry in group]
        shown = [entry for entry in entries if entry.tab or entry.only_tab or self.counts[entry.name]]
        spare = [entry for entry in shown if not entry.only_tab and not self.counts[entry.name]]
        left_out = spare[-(len(shown) - ROOM) :] if len(shown) > ROOM else []
        return [self._items[entry.name] for entry in shown if entry not in left_out]

    def _item(self, entry: Entry) -> dict[str, Any]:
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch as problem:
            raise LookupError(f"navigation entry {entry.name} names no page") from problem
        path = self._request.path
        current = path == url or (url != "/" and path.startswith(url.rstrip("/") + "/"))
        return {
            "label": entry.label,
            "url": url,
            "icon": entry.icon,
            "current": current,
            "count": self.counts[entry.name],
        }
