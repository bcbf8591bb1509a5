"""What the posture app tells core at start-up: panels, columns, and its entries of the navigation."""

from apps.core.actor import Actor
from apps.core.navigation import ENTRIES, Entry
from apps.posture.web import panels


def _looks_wide(actor: Actor) -> bool:
    return actor.sees_all


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    panels.register()
    for entry in (
        Entry("findings", "Findings", "posture:findings", "find", order=20, tab=True),
        Entry("checks", "Checks", "posture:checks", "sliders", group="Setup", order=30, shown_to=_looks_wide),
        Entry("runs", "Runs", "posture:runs", "refresh", group="Setup", order=40, shown_to=_looks_wide),
    ):
        ENTRIES.register(entry.name, entry)
