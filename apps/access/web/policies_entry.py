"""What the policies tell core at start-up: their entry in the navigation, and the subject of their events."""

from django.urls import reverse

from apps.access.queries.policies import changes
from apps.access.queries.routes import changes as route_changes
from apps.access.rules.policies import can_see_policies
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind


def register() -> None:
    """Make the registrations; a name taken by another stops the start."""
    ENTRIES.register(
        "policies",
        Entry(
            name="policies",
            label="Policies",
            url_name="access:policies",
            icon="shield",
            group="Setup",
            order=50,
            shown_to=lambda actor: bool(can_see_policies(actor)),
        ),
    )
    SUBJECTS.register(
        "route_change",
        SubjectKind(
            kind="route_change",
            title="Change of routes",
            plural="Changes of routes",
            visible=route_changes,
            url=lambda pk: reverse("access:route_change", args=[pk]),
            label_field="note",
        ),
    )
    SUBJECTS.register(
        "policy_change",
        SubjectKind(
            kind="policy_change",
            title="Change of policies",
            plural="Changes of policies",
            visible=changes,
            url=lambda pk: reverse("access:policy_change", args=[pk]),
            label_field="note",
        ),
    )
