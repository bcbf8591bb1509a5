"""`/exceptions/limits`: how long an exception may last, with the effect shown before it is saved."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core.actor import WIDE_ROLES, Role
from apps.core.errors import Invalid
from apps.core.numbers import plural
from apps.core.web.views import ActorView
from apps.governance.queries.limits import max_days, too_long
from apps.governance.rules.exceptions import can_set_limits
from apps.governance.services.limits import set_limits
from apps.governance.states import Severity
from apps.governance.web.forms import LimitsForm


class LimitsView(ActorView):
    """Wide roles look, security administrators change; what a change would do is shown first."""

    roles = tuple(role for role in Role if role in WIDE_ROLES)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the days in force."""
        return self._page(LimitsForm(days=max_days()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show the effect; with `save`, put the days in force."""
        can_set_limits(self.actor).require()
        form = LimitsForm(request.POST, days=max_days())
        if not form.is_valid():
            return self._page(form, 400)
        if "save" not in request.POST:
            return self._page(form, effect=_effect(form.chosen()))
        try:
            set_limits(actor=self.actor, days=form.chosen())
        except Invalid as refusal:
            form.take(refusal)
            return self._page(form, refusal.status)
        messages.success(request, "Saved. It holds for what is asked for from now on.")
        return redirect("governance:exception_limits")

    def _page(self, form: LimitsForm, status: int = 200, effect: list[str] | None = None) -> HttpResponse:
        may = can_set_limits(self.actor)
        if not may:
            for field in form.fields.values():
                field.disabled = True
        context: dict[str, Any] = {"form": form, "may": may, "effect": effect}
        return render(self.request, "governance/exception_limits.html", context, status=status)


def _effect(days: dict[str, int]) -> list[str]:
    """Return what new days would mean, one line for each severity that changes."""
    before, longer = max_days(), too_long(days)
    lines = []
    for severity in Severity:
        was, n = before[severity.value], days[severity.value]
        if was != n:
            found = plural(longer[severity.value], "open exception")
            kept = (
                f"{found} of that severity {'lasts' if longer[severity.value] == 1 else 'last'} longer and may run out"
            )
            lines.append(f"{severity.label}: {was} → {n} days; {kept}.")
    return lines or ["Nothing would change."]
