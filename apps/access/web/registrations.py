"""What the pages of access tell core at start-up: navigation, panels of other pages, subjects of events."""

from typing import Any

from django.urls import reverse

from apps.access.models import AccessRequest, Grant
from apps.access.queries import inbox, mine
from apps.access.web.held import held_row
from apps.access.web.wish import link_to
from apps.core import clock
from apps.core.actor import Actor, Role
from apps.core.navigation import ENTRIES, Entry
from apps.core.panels import PANELS, Panel
from apps.core.subjects import SUBJECTS, SubjectKind
from apps.governance.operations import operations_for
from apps.inventory.models import Asset, Identity, Person

SHOWN = 8


def request_button(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """Return the way to ask for an asset, where something is done to its kind and it is still there."""
    if asset.gone_at is not None or not operations_for(asset.kind):
        return None
    return {"url": link_to(asset)}


def grants_on_asset(actor: Actor, asset: Asset) -> dict[str, Any] | None:
    """Return who may use an asset now through a grant, as far as the actor sees."""
    now = clock.now()
    return _panel(actor, list(mine.grants_on(actor, asset, now)[: SHOWN + 1]), now, "on this asset", holders=True)


def grants_of_person(actor: Actor, person: Person) -> dict[str, Any] | None:
    """Return what a person holds through this portal, as far as the actor sees."""
    if person.user_id is None:
        return None
    now = clock.now()
    return _panel(actor, list(mine.grants_of(actor, person.user_id)[: SHOWN + 1]), now, "of this person")


def grants_of_identity(actor: Actor, identity: Identity) -> dict[str, Any] | None:
    """Return what the person behind an identity holds through this portal."""
    return grants_of_person(actor, identity.person) if identity.person is not None else None


def _panel(
    actor: Actor, grants: list[Grant], now: Any, of_what: str, *, holders: bool = False
) -> dict[str, Any] | None:
    if not grants:
        return None
    rows = [held_row(grant, actor, now) for grant in grants[:SHOWN]]
    return {"rows": rows, "more": len(grants) > SHOWN, "of_what": of_what, "holders": holders}


def register() -> None:
    """Make the registrations; a name taken by another stops the start."""
    for entry in (
        Entry("request", "Request", "access:new", "plus", order=35, only_tab=True),
        Entry("my_access", "My access", "access:mine", "key", group="Access", order=10),
        Entry(
            "approvals", "Approvals", "access:approvals", "inbox", group="Access", order=20, tab=True,
            shown_to=inbox.decides_sometimes, waiting=inbox.for_me,
        ),
        Entry(
            "emergency", "Emergency access", "access:permits", "lock", group="Setup", order=55,
            shown_to=lambda actor: actor.has(Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR),
        ),
    ):  # fmt: skip
        ENTRIES.register(entry.name, entry)
    for panel in (
        Panel("access.request", "asset.actions", "access/_request_button.html", request_button),
        Panel("access.asset", "asset.side", "access/_grants_panel.html", grants_on_asset, order=20),
        Panel("access.person", "person.main", "access/_grants_panel.html", grants_of_person, order=20),
        Panel("access.identity", "identity.main", "access/_grants_panel.html", grants_of_identity, order=20),
    ):
        PANELS.register(panel.name, panel)
    for kind in (
        SubjectKind(
            "access_request", "Request for access", "Requests for access",
            visible=lambda actor: AccessRequest.objects.visible_to(actor),
            url=lambda pk: reverse("access:request", args=[pk]), label_field="asset_label",
        ),
        SubjectKind(
            "grant", "Grant", "Grants", visible=lambda actor: Grant.objects.visible_to(actor),
            url=lambda pk: reverse("access:grant", args=[pk]), label_field="asset_label",
        ),
    ):  # fmt: skip
        SUBJECTS.register(kind.kind, kind)
