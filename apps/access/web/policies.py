"""Policies: those in force with their versions, the form of a change, and its decision."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from apps.access.models import PolicyChange, PolicyVersion
from apps.access.policies.language import Texts
from apps.access.queries import policies as queries
from apps.access.rules.policies import (
    can_propose_policies,
)
from apps.access.services import policies as services
from apps.access.web.policies_forms import NoteForm, PolicyFormSet, explain, forms_of, posted_forms, texts_of
from apps.access.web.policies_tabs import views_of
from apps.access.web.versions import READERS, SHOWN, ChangePage, effect_context, tone_of
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.web.views import ActorView


class Policies(ActorView):
    """The policies in force, the change that waits, and all versions."""

    roles = READERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what is in force."""
        version = queries.version_in_force()
        waiting = queries.open_change()
        context = {
            "version": version,
            "rows": queries.rows_of(version, clock.now()),
            "versions": queries.versions(self.actor),
            "changes": [(change, tone_of(change)) for change in queries.changes(self.actor)[:SHOWN]],
            "waiting": waiting,
            "may": can_propose_policies(self.actor, waiting),
            "views": views_of("access:policies"),
        }
        return render(request, "access/policies_list.html", context)


class Edit(ActorView):
    """The form of a change: its effect is shown before it can be proposed."""

    roles = (Role.SECURITY_ADMIN,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the texts in force."""
        version = queries.version_in_force()
        return self._page(version, forms_of(version.texts), NoteForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show the effect of a change, or propose it."""
        version = queries.version_in_force()
        forms, note = posted_forms(request.POST), NoteForm(request.POST)
        proposing = request.POST.get("step") == "propose"
        can_propose_policies(self.actor, queries.open_change()).require()
        # Both are checked, so that one page tells all that is wrong.
        sound = forms.is_valid() and (note.is_valid() or not proposing)
        if not sound or self._started_elsewhere(request.POST, version, note):
            return self._page(version, forms, note, status=400)
        try:
            if proposing:
                return self._propose(texts_of(forms), note, version)
            return self._preview(version, texts_of(forms), note)
        except services.NotCedar as wrong:
            explain(forms, wrong.problems)
        except Invalid as wrong:
            note.add_error("note" if wrong.fields else None, wrong.reason)
        return self._page(version, forms, note, status=400)

    def _started_elsewhere(self, posted: QueryDict, version: PolicyVersion, note: NoteForm) -> bool:
        if posted.get("based_on") == str(version.number):
            return False
        note.add_error(None, "The policies changed meanwhile; start again from those in force.")
        return True

    def _propose(self, texts: Texts, note: NoteForm, version: PolicyVersion) -> HttpResponse:
        said = note.cleaned_data["note"]
        change = services.propose(actor=self.actor, texts=texts, note=said, based_on=version).value
        messages.success(self.request, "Proposed. Another security administrator has to confirm it.")
        return redirect("access:policy_change", pk=change.pk)

    def _preview(self, version: PolicyVersion, texts: Texts, note: NoteForm) -> HttpResponse:
        found = services.preview(texts, version, clock.now()).as_dict()
        shown = {"differences": queries.differences(version.texts, texts), **_effect(found)}
        return self._page(version, forms_of(texts), NoteForm(initial={"note": note["note"].value()}), shown=shown)

    def _page(
        self,
        version: PolicyVersion,
        forms: PolicyFormSet,
        note: NoteForm,
        *,
        status: int = 200,
        shown: dict[str, object] | None = None,
    ) -> HttpResponse:
        may = can_propose_policies(self.actor, queries.open_change())
        context = {"version": version, "forms": forms, "note": note, "may": may, **(shown or {})}
        return render(self.request, "access/policies_edit.html", context, status=status)


class Version(ActorView):
    """A version: its policies, and what it changed."""

    roles = READERS

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show one version."""
        version, previous = queries.version_with_previous(self.actor, number)
        changed = queries.differences(previous.texts, version.texts) if previous else []
        context = {"version": version, "previous": previous, "differences": changed}
        return render(request, "access/policies_version.html", context)


class Change(ChangePage):
    """A change of the policies."""

    template_name = "access/policies_change.html"
    back = "access:policies"
    decisions = {
        "confirm": (services.confirm, "Confirmed: the changed policies are in force."),
        "refuse": (services.refuse, "Refused: the policies stay as they are."),
        "withdraw": (services.withdraw, "Withdrawn: the policies stay as they are."),
    }

    def find(self, pk: int) -> PolicyChange:
        """Return the change. Raises NotFound."""
        return queries.find_change(self.actor, pk)

    def shown(self, change: PolicyChange) -> dict[str, object]:
        """Return its differences and effect."""
        differences = queries.differences(change.based_on.texts, change.texts)
        return {"differences": differences, **_effect(change.effect)}


def _effect(found: dict[str, Any]) -> dict[str, object]:
    return effect_context(
        found["requests"],
        ("would have been refused", "bad", found["newly_refused"]),
        ("would have been allowed", "warn", found["newly_allowed"]),
    )


table = Policies.as_view()
edit = Edit.as_view()
version = Version.as_view()
change = Change.as_view()
