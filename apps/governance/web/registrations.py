"""What governance tells core at start-up: exceptions as a subject, entitlements as a reference, the menu entry."""

from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from apps.core.actor import WIDE_ROLES, Actor, Role
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind
from apps.governance.models import RiskException
from apps.governance.queries.entitlements import SOURCE
from apps.governance.queries.exceptions import number_of, to_sign
from apps.governance.references import REFERENCES


def _sees(actor: Actor) -> bool:
    return actor.has(*WIDE_ROLES, Role.MANAGER)


def _page(key: str) -> str:
    """An exception's address holds its number (1 query)."""
    found = number_of(key)
    return reverse("governance:exception", args=[found]) if found else ""


def _waiting(actor: Actor, now: datetime) -> QuerySet[RiskException]:
    return to_sign(actor, now.date())


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    REFERENCES.register(SOURCE.kind, SOURCE)
    SUBJECTS.register(
        "exception",
        SubjectKind(
            "exception",
            "Exception",
            "exceptions",
            visible=lambda actor: RiskException.objects.visible_to(actor),
            url=_page,
            label_field="label",
        ),
    )
    ENTRIES.register(
        "exceptions",
        Entry(
            "exceptions", "Exceptions", "governance:exceptions", "flag", group="Assurance", order=10,
            shown_to=_sees, waiting=_waiting,
        ),
    )  # fmt: skip
