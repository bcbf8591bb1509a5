"""What the connectors app tells core at start-up: its navigation entry and its subject kind."""

from django.urls import reverse

from apps.connectors.models import Connection
from apps.connectors.rules import can_see_connections
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    ENTRIES.register(
        "targets",
        Entry(
            name="targets",
            label="Targets",
            url_name="connectors:connections",
            icon="plug",
            group="Setup",
            order=20,
            shown_to=lambda actor: bool(can_see_connections(actor)),
        ),
    )
    SUBJECTS.register(
        "connection",
        SubjectKind(
            kind="connection",
            title="Connection",
            plural="Connections",
            visible=lambda actor: Connection.objects.visible_to(actor),
            url=lambda pk: reverse("connectors:connection", args=[pk]),
        ),
    )
