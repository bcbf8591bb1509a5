"""What the bindings tell core at start-up: their entry in the navigation, and the subject of their events."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from apps.access.queries.bindings import bindings
from apps.access.rules.bindings import can_see_bindings
from apps.core.actor import Actor
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind


def visible(actor: Actor) -> QuerySet[Any]:
    """Return the bindings an actor may see."""
    return bindings(actor)


def register() -> None:
    """Make the registrations; a name taken by another stops the start."""
    ENTRIES.register(
        "bindings",
        Entry(
            name="bindings",
            label="Carrying access",
            url_name="access:bindings",
            icon="link",
            group="Setup",
            order=45,
            shown_to=lambda actor: bool(can_see_bindings(actor)),
        ),
    )
    SUBJECTS.register(
        "binding",
        SubjectKind(
            kind="binding",
            title="Way to carry access",
            plural="Ways to carry access",
            visible=visible,
            url=lambda pk: reverse("access:binding", args=[pk]),
            label_field="provisioner",
        ),
    )
