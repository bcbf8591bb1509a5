"""What waits for a decision of the actor: gathered from the floors below, three at most."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Window
from django.urls import reverse

from apps.access.queries.emergency import reviews_visible_to
from apps.access.queries.inbox import for_me
from apps.access.rules.emergency import can_review
from apps.access.states import AfterReviewState
from apps.core.actor import Actor, Role
from apps.core.numbers import plural
from apps.core.text import display
from apps.governance.queries.exceptions import to_sign
from apps.inventory.queries.assets import owner_suggestions
from apps.inventory.queries.sources import waiting_imports
from apps.inventory.rules import can_confirm_owner, can_import
from apps.posture.queries.findings import FindingFilters, finding_list
from apps.posture.queries.links import findings_url

SHOWN, MOST = 3, 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """A decision that waits: what, why, where to decide, since when."""

    title: str
    text: str
    url: str
    action: str
    since: datetime | None = None


def decisions_for(actor: Actor, today: date, now: datetime) -> list[Waiting]:
    """Return at most three decisions that the actor may take; people who wait for an answer come first."""
    asked = [*_requests(actor, now), *_exceptions(actor, today), *_after_reviews(actor, now)]
    found = [*asked, *_ownerless(actor, today), *_imports(actor), *_owners(actor)]
    return found[:SHOWN]


def _requests(actor: Actor, now: datetime) -> list[Waiting]:
    """Requests for access whose open stage is the actor's."""
    rows = list(for_me(actor, now).order_by("created_at").values_list("created_at", "stage_due_at")[:MOST])
    if not rows:
        return []
    late = sum(due is not None and due < now for _, due in rows)
    text = f"{late} past the time to answer." if late else "Somebody waits to begin work."
    return [Waiting(f"Decide {plural(len(rows), 'request')}", text, reverse("access:approvals"), "Decide", rows[0][0])]


def _exceptions(actor: Actor, today: date) -> list[Waiting]:
    """Exceptions that wait for somebody with the actor's role."""
    rows = list(to_sign(actor, today).values_list("asked_at", "label")[:MOST])
    if not rows:
        return []
    title = f"Sign or refuse {plural(len(rows), 'exception')}"
    return [Waiting(title, display(rows[0][1]), reverse("governance:exceptions"), "Decide", rows[0][0])]


def _after_reviews(actor: Actor, now: datetime) -> list[Waiting]:
    """Uses of emergency access that the actor may review."""
    if not actor.has(Role.CISO, Role.SECURITY_ADMIN):
        return []
    rows = reviews_visible_to(actor).filter(state=AfterReviewState.OPEN).order_by("due_at")[:MOST]
    mine = [row for row in rows if can_review(actor, row)]
    if not mine:
        return []
    late = sum(row.due_at < now for row in mine)
    text = f"{late} past due." if late else "Its approvals were skipped; somebody uninvolved says whether it was right."
    title = f"Review {plural(len(mine), 'use')} of emergency access"
    return [Waiting(title, text, reverse("access:after_reviews"), "Review", mine[0].break_glass.at)]


def _ownerless(actor: Actor, today: date) -> list[Waiting]:
    """Critical findings past due that nobody sees to: somebody has to be named."""
    if not actor.has(Role.CISO, Role.SECURITY_ADMIN):
        return []
    filters = FindingFilters(severity="critical", late="yes", owner="none")
    late = finding_list(actor, filters, today).order_by("due_on").annotate(of=Window(Count("*")))
    oldest = late.values_list("due_on", "opened_at", "of").first()
    due_on, opened_at, count = oldest or (None, None, 0)
    if due_on is None:
        return []
    title = f"Name an owner for {plural(count, 'critical finding')}"
    days = (today - due_on).days
    text = f"Past due, the oldest by {plural(days, 'day')}, and nobody sees to it."
    url = findings_url(severity="critical", late="yes", owner="none")
    return [Waiting(title, text, url, "Assign", opened_at)]


def _imports(actor: Actor) -> list[Waiting]:
    found: list[Waiting] = []
    if actor.has(Role.SECURITY_ADMIN) and can_import(actor):
        for owner in waiting_imports(actor)[:SHOWN]:
            text = f"{owner.created} new, {owner.updated} changed, {owner.gone} gone."
            url = reverse("inventory:import", args=[owner.number])
            found.append(
                Waiting(f"Apply the import of {display(owner.source.name)}", text, url, "Look", owner.created_at)
            )
    return found


def _owners(actor: Actor) -> list[Waiting]:
    unowned = owner_suggestions(actor).count() if can_confirm_owner(actor) else 0
    if not unowned:
        return []
    title = f"Confirm the owner of {plural(unowned, 'asset')}"
    text = "Their sources claim an owner; a claim counts once it is confirmed."
    return [Waiting(title, text, reverse("inventory:owners"), "Confirm")]
