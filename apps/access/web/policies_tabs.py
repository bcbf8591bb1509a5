"""The two halves of the policies as tabs: who may ask, and who approves."""

from typing import Any

from django.urls import reverse


def views_of(current: str) -> list[dict[str, Any]]:
    """Return the two halves of the policies as tabs."""
    tabs = (("Who may ask", "access:policies"), ("Who approves", "access:routes"))
    return [{"label": label, "url": reverse(name), "current": name == current} for label, name in tabs]
