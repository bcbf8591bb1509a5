"""What the pages of reviews tell core at start-up: navigation and subjects of events."""

from django.urls import reverse

from apps.core.actor import Actor, Role
from apps.core.navigation import ENTRIES, Entry
from apps.core.subjects import SUBJECTS, SubjectKind
from apps.reviews.models import Campaign, Item
from apps.reviews.queries.sheet import waiting_for


def takes_part(actor: Actor) -> bool:
    """Return whether the actor runs, audits or answers reviews."""
    if actor.has(Role.CISO, Role.SECURITY_ADMIN, Role.AUDITOR, Role.MANAGER):
        return True
    return Campaign.objects.visible_to(actor).exists()


def register() -> None:
    """Make the registrations; a name taken by another stops the start."""
    ENTRIES.register(
        "reviews",
        Entry(
            "reviews", "Reviews", "reviews:index", "list", group="Access", order=30, shown_to=takes_part,
            waiting=lambda actor, now: waiting_for(actor),
        ),
    )  # fmt: skip
    for kind in (
        SubjectKind(
            "review", "Review", "Reviews", visible=lambda actor: Campaign.objects.visible_to(actor),
            url=lambda pk: reverse("reviews:overview", args=[pk]), label_field="name",
        ),
        SubjectKind(
            "review_item", "Review item", "Review items", visible=lambda actor: Item.objects.visible_to(actor),
            url=lambda pk: reverse("reviews:index"), label_field="holder_label",
        ),
    ):  # fmt: skip
        SUBJECTS.register(kind.kind, kind)
