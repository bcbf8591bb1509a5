"""What the shell of every page needs."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from apps.core.actor import Actor
from apps.core.navigation import Entry, entries_for
from apps.core.registry import Registry

#: Facts about the portal that the shell shows, registered by upper floors: name → function of the request.
SHELL: Registry[Callable[[HttpRequest], Any]] = Registry("shell fact")


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
    groups = entries_for(actor)
    items = {entry.name: _item(request, entry, actor) for _, entries in groups for entry in entries}
    context["nav"] = [
        {"label": label, "items": shown}
        for label, entries in groups
        if (shown := [items[entry.name] for entry in entries if not entry.only_tab])
    ]
    context["tabs"] = [items[e.name] for _, entries in groups for e in entries if e.tab or e.only_tab]
    for name in SHELL.names():
        context[name] = SHELL[name](request)
    return context


def _item(request: HttpRequest, entry: Entry, actor: Actor) -> dict[str, Any]:
    try:
        url = reverse(entry.url_name)
    except NoReverseMatch as problem:
        raise LookupError(f"navigation entry {entry.name} names no page") from problem
    current = request.path == url or (url != "/" and request.path.startswith(url.rstrip("/") + "/"))
    count = entry.count(actor)
    return {"label": entry.label, "url": url, "icon": entry.icon, "current": current, "count": count}
