"""What the accounts app tells core at start-up."""

from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.queries import role_words
from apps.accounts.rules import can_see_people
from apps.accounts.services import expire_proposals
from apps.core import clock
from apps.core.actor import system
from apps.core.jobs import RECONCILERS
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind
from apps.core.web.context import SHELL


def expire_step() -> int:
    """Write down lapsed role proposals; return how many."""
    return int(expire_proposals(actor=system("reconciler"), now=clock.now()).value)


def shortcuts_off(request: HttpRequest) -> bool:
    """Return whether the person switched keyboard shortcuts off."""
    return bool(getattr(request.user, "shortcuts_off", False))


def role_label(request: HttpRequest) -> str:
    """Return the person's roles in words."""
    return role_words(request.actor.roles)  # type: ignore[attr-defined]


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    SUBJECTS.register(
        "user",
        SubjectKind(
            kind="user",
            title="User",
            plural="Users",
            visible=lambda actor: User.objects.visible_to(actor),
            url=lambda pk: reverse("accounts:person", args=[pk]),
        ),
    )
    ENTRIES.register(
        "people",
        Entry(
            name="people",
            label="People",
            url_name="accounts:people",
            icon="users",
            group="Setup",
            order=40,
            shown_to=lambda actor: bool(can_see_people(actor)),
        ),
    )
    SHELL.register("shortcuts_off", shortcuts_off)
    SHELL.register("role_label", role_label)
    RECONCILERS.register("accounts.expire_proposals", expire_step)
