"""`/setup/policies/routes`: who approves at each tier, its versions, the form of a change, and its decision."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.access.models import RouteChange, RouteVersion, Tiers
from apps.access.queries import routes as queries
from apps.access.rules.policies import (
    can_propose_policies,
)
from apps.access.services import routes as services
from apps.access.web.policies_tabs import views_of
from apps.access.web.routes_forms import RouteNoteForm, TierForms, are_valid, explain, tier_forms, tiers_of
from apps.access.web.versions import READERS, SHOWN, ChangePage, effect_context, tone_of
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.web.views import ActorView


def shown_tiers(tiers: Tiers) -> list[tuple[str, tuple[str, ...]]]:
    """Return each tier with its route in words."""
    return [(f"Tier {tier}", queries.lines_of(tiers[tier])) for tier in sorted(tiers)]


class Routes(ActorView):
    """The routes in force, the change that waits, and all versions."""

    roles = READERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what is in force."""
        version, waiting = queries.version_in_force(), queries.open_change()
        context = {
            "version": version,
            "tiers": shown_tiers(version.tiers),
            "versions": queries.versions(self.actor),
            "changes": [(change, tone_of(change)) for change in queries.changes(self.actor)[:SHOWN]],
            "waiting": waiting,
            "may": can_propose_policies(self.actor, waiting),
            "views": views_of("access:routes"),
        }
        return render(request, "access/routes_list.html", context)


class Edit(ActorView):
    """The form of a change: its effect is shown before it can be proposed."""

    roles = (Role.SECURITY_ADMIN,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the routes in force."""
        version = queries.version_in_force()
        return self._page(version, tier_forms(version.tiers), RouteNoteForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show the effect of a change, or propose it."""
        version = queries.version_in_force()
        found, note = tier_forms(data=request.POST), RouteNoteForm(request.POST)
        proposing = request.POST.get("step") == "propose"
        can_propose_policies(self.actor, queries.open_change()).require()
        if request.POST.get("based_on") != str(version.number):
            note.add_error(None, "The routes changed meanwhile; start again from those in force.")
            return self._page(version, tier_forms(version.tiers), note, status=400)
        valid = are_valid(found)
        if not valid or (proposing and not note.is_valid()):
            return self._page(version, found, note, status=400)
        try:
            if proposing:
                return self._propose(version, tiers_of(found), note)
            return self._preview(version, tiers_of(found), note)
        except services.NotARoute as wrong:
            explain(found, wrong.problems)
        except Invalid as wrong:
            note.add_error("note" if wrong.fields else None, wrong.reason)
        return self._page(version, found, note, status=400)

    def _propose(self, version: RouteVersion, tiers: Tiers, note: RouteNoteForm) -> HttpResponse:
        said = note.cleaned_data["note"]
        change = services.propose(actor=self.actor, tiers=tiers, note=said, based_on=version).value
        messages.success(self.request, "Proposed. Another security administrator has to confirm it.")
        return redirect("access:route_change", pk=change.pk)

    def _preview(self, version: RouteVersion, tiers: Tiers, note: RouteNoteForm) -> HttpResponse:
        found = services.preview(tiers, version, clock.now())
        shown = {"differences": queries.differences(version.tiers, tiers), **_effect(found)}
        return self._page(version, tier_forms(tiers), RouteNoteForm(initial={"note": note["note"].value()}), shown)

    def _page(
        self,
        version: RouteVersion,
        found: list[TierForms],
        note: RouteNoteForm,
        shown: dict[str, object] | None = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        may = can_propose_policies(self.actor, queries.open_change())
        wrong = [
            (one.title, bound, error)
            for one in found
            for form in one.used
            for bound in [*form, None]
            for error in (bound.errors if bound is not None else form.non_field_errors())
        ]
        context = {"version": version, "found": found, "note": note, "may": may, "wrong": wrong, **(shown or {})}
        return render(self.request, "access/routes_edit.html", context, status=status)


class Version(ActorView):
    """A version: its routes, and what it changed."""

    roles = READERS

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show one version."""
        version, previous = queries.version_with_previous(self.actor, number)
        changed = queries.differences(previous.tiers, version.tiers) if previous else []
        context = {"version": version, "tiers": shown_tiers(version.tiers), "differences": changed}
        return render(request, "access/routes_version.html", context)


class Change(ChangePage):
    """A change of the routes."""

    template_name = "access/routes_change.html"
    back = "access:routes"
    decisions = {
        "confirm": (services.confirm, "Confirmed: new requests take the changed routes."),
        "refuse": (services.refuse, "Refused: the routes stay as they are."),
        "withdraw": (services.withdraw, "Withdrawn: the routes stay as they are."),
    }

    def find(self, pk: int) -> RouteChange:
        """Return the change. Raises NotFound."""
        return queries.find_change(self.actor, pk)

    def shown(self, change: RouteChange) -> dict[str, object]:
        """Return its differences and effect."""
        differences = queries.differences(change.based_on.tiers, change.tiers)
        return {"differences": differences, **_effect(change.effect)}


def _effect(found: dict[str, Any]) -> dict[str, object]:
    return effect_context(
        found["requests"],
        ("would have had nobody to approve them", "bad", found["stranded"]),
        ("would have taken another route", "warn", found["different"]),
        ("failed for want of an approver and would have had one", "good", found["helped"]),
    )


table = Routes.as_view()
edit = Edit.as_view()
version = Version.as_view()
change = Change.as_view()
