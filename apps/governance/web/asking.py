"""`/exceptions/new?finding=F-12`: the owner asks for an exception, and sees who signs it and how long it may last."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.ui.words import day_text
from apps.core.web.views import ActorView
from apps.governance.queries.exceptions import open_exception, signers
from apps.governance.queries.limits import max_days
from apps.governance.references import CHECKS, RESULTS, Reference, find
from apps.governance.rules.exceptions import can_ask, signatures
from apps.governance.services.asking import ask
from apps.governance.states import ReferenceKind
from apps.governance.web.forms import AskForm

SHOWN = 8


class AskView(ActorView):
    """The form, and what it did."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form, or why there is none. Raises NotFound where the actor does not see what it is about."""
        reference = self._reference()
        return self._page(reference, self._form(reference))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask."""
        reference = self._reference()
        can_ask(self.actor, reference, open_exception(reference.kind, reference.key)).require()
        form = self._form(reference, request.POST)
        if not form.is_valid():
            return self._page(reference, form, 400)
        try:
            made = ask(actor=self.actor, kind=reference.kind, key=reference.key, **form.cleaned_data)
        except (Invalid, Conflict) as refusal:
            form.take(refusal)
            return self._page(reference, form, refusal.status)
        messages.success(request, f"{made.value.name} is asked for. It accepts nothing before it is signed.")
        return redirect("governance:exception", number=made.value.number)

    def _reference(self) -> Reference:
        for kind in ReferenceKind:
            given = self.request.GET.get(kind.value, "")
            if given:
                found = find(self.actor, kind, given.upper().removeprefix("F-").removeprefix("G-").lower())
                if found is not None:
                    return found
        raise NotFound("There is nothing like this that an exception could be about. Ask from its own page.")

    def _form(self, reference: Reference, data: Any = None) -> AskForm:
        last = clock.now().date() + timedelta(days=max_days()[reference.severity])
        options = RESULTS[CHECKS].options(reference)
        choices = [(one.value, f"{one.check_id} {one.title}: {one.label}") for one in options]
        return AskForm(data, choices=choices, last_day=day_text(last))

    def _page(self, reference: Reference, form: AskForm, status: int = 200) -> HttpResponse:
        standing = open_exception(reference.kind, reference.key)
        may = can_ask(self.actor, reference, standing)
        known = {pk for pk in (self.actor.user_id, *reference.owners, *reference.holders) if pk is not None}
        people = [user.name for user in signers(reference.team_id).exclude(pk__in=known)[:SHOWN]]
        context = {
            "reference": reference,
            "kind": ReferenceKind(reference.kind).label,
            "form": form,
            "may": may,
            "standing": standing,
            "has_options": len(form.fields["compensating"].choices) > 1,  # type: ignore[attr-defined]
            "signatures": signatures(reference.severity),
            "days": max_days()[reference.severity],
            "people": people,
        }
        return render(self.request, "governance/exception_new.html", context, status=status)
