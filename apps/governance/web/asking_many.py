"""`/exceptions/many?n=…`: the owner of several findings asks for an exception about each, all of them or none."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core import clock
from apps.core.decision import Decision
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.numbers import plural
from apps.core.ui.words import day_text
from apps.core.web.views import ActorView
from apps.governance.queries.exceptions import open_exception
from apps.governance.queries.limits import max_days
from apps.governance.references import CHECKS, RESULTS, Reference, find
from apps.governance.rules.exceptions import can_ask
from apps.governance.services.asking_many import MOST_AT_ONCE, ask_for_many
from apps.governance.states import ReferenceKind
from apps.governance.web.forms import AskForm

FINDING = ReferenceKind.FINDING


class AskManyView(ActorView):
    """The form, what it is about, and what is left out of it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show which of the chosen findings can be asked about. Raises Invalid, NotFound."""
        judged = self._judged(request.GET.getlist("n"))
        return self._page(judged, self._form([one for one, may in judged if may]))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask about all of them, or about none and say why."""
        judged = self._judged(request.POST.getlist("n"))
        for _, may in judged:
            may.require()
        references = [one for one, _ in judged]
        form = self._form(references, request.POST)
        if not form.is_valid():
            return self._page(judged, form, 400)
        given = form.cleaned_data
        try:
            made = ask_for_many(
                actor=self.actor, kind=FINDING, keys=[one.key for one in references], reason=given["reason"],
                check_id=given["compensating"], ends_on=given["ends_on"],
            ).value  # fmt: skip
        except (Invalid, Conflict) as refusal:
            form.take(refusal)
            return self._page(judged, form, refusal.status)
        messages.success(
            request, f"{plural(len(made), 'exception')} asked for. None accepts anything before it is signed."
        )
        return redirect("governance:exceptions")

    def _judged(self, given: list[str]) -> list[tuple[Reference, Decision]]:
        keys = list(dict.fromkeys(value for value in given if value.isdecimal() and len(value) < 18))
        if len(keys) != len(set(given)) or not 0 < len(keys) <= MOST_AT_ONCE:
            raise Invalid(f"Choose from 1 to {MOST_AT_ONCE} findings in the list.")
        found = [one for one in (find(self.actor, FINDING, key) for key in keys) if one is not None]
        if len(found) != len(keys):
            raise NotFound("One of these findings does not exist, or you may not see it.")
        return [(one, can_ask(self.actor, one, open_exception(one.kind, one.key))) for one in found]

    def _form(self, references: list[Reference], data: Any = None) -> AskForm:
        offered = [{o.check_id: o.title for o in RESULTS[CHECKS].options(one)} for one in references]
        common = set(offered[0]).intersection(*offered[1:]) if offered else set()
        days = min((max_days()[one.severity] for one in references), default=1)
        choices = [(key, f"{key} {offered[0][key]}") for key in sorted(common)]
        return AskForm(data, choices=choices, last_day=day_text(clock.now().date() + timedelta(days=days)))

    def _page(self, judged: list[tuple[Reference, Decision]], form: AskForm, status: int = 200) -> HttpResponse:
        asked = [one for one, may in judged if may]
        context = {
            "form": form,
            "judged": judged,
            "asked": asked,
            "set_text": plural(len(asked), "finding"),
            "has_options": len(form.fields["compensating"].choices) > 1,  # type: ignore[attr-defined]
        }
        return render(self.request, "governance/exceptions_many.html", context, status=status)
