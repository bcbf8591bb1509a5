"""`/approvals/delegations`: who decides in one's place while one is away."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from apps.access.models import Delegation
from apps.access.queries.delegations import delegations_of, find_delegation, in_force, stand_ins
from apps.access.queries.inbox import decides_sometimes
from apps.access.rules.requests import can_end_delegation
from apps.access.services import delegations as services
from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.ui.words import day_text
from apps.core.web.views import ActorView
from apps.governance.tiers import TIERS

SHOWN = 50
_TONES = {"in force": "good", "ahead": "info", "over": "neutral"}
_FORMATS = ["%Y-%m-%dT%H:%M"]


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"})


class DelegationForm(forms.Form):
    """To whom, from when until when, and up to how strict a tier."""

    to: "forms.ModelChoiceField[User]" = forms.ModelChoiceField(
        queryset=None, label="Who stands in", empty_label="Choose a person"
    )
    from_at = forms.DateTimeField(
        label="From, UTC", required=False, help_text="Empty: now.", widget=_moment(), input_formats=_FORMATS
    )
    until_at = forms.DateTimeField(label="Until, UTC", widget=_moment(), input_formats=_FORMATS)
    strictest_tier = forms.TypedChoiceField(
        label="Up to", coerce=int, initial=2, choices=[(3, "Tier 3 only"), (2, "Tiers 3 and 2"), (1, "All tiers")]
    )
    reason = forms.CharField(max_length=500, required=False, label="Why")

    def __init__(self, actor: Actor, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["to"].queryset = stand_ins(actor)  # type: ignore[attr-defined]


class Delegations(ActorView):
    """One's delegations, and the form of another."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them."""
        return self._page(DelegationForm(self.actor))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Delegate, or end a delegation."""
        if "end" in request.POST:
            number = request.POST["end"]
            row = find_delegation(self.actor, int(number) if number.isdecimal() and len(number) < 18 else 0)
            services.end(actor=self.actor, delegation=row)
            messages.success(request, "Ended.")
            return redirect("access:delegations")
        form = DelegationForm(self.actor, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        said, now = form.cleaned_data, clock.now()
        try:
            services.delegate(
                actor=self.actor, to=said["to"], from_at=said["from_at"] or now, until_at=said["until_at"],
                strictest_tier=said["strictest_tier"], reason=said["reason"],
            )  # fmt: skip
        except DomainError as wrong:
            form.add_error(None, wrong.reason)
            return self._page(form, wrong.status)
        messages.success(request, f"{said['to'].name} stands in for you until {day_text(said['until_at'])}.")
        return redirect("access:delegations")

    def _page(self, form: DelegationForm, status: int = 200) -> HttpResponse:
        now = clock.now()
        rows = [self._row(row, now) for row in delegations_of(self.actor)[:SHOWN]]
        context: dict[str, Any] = {"form": form, "rows": rows, "decides": decides_sometimes(self.actor)}
        return render(self.request, "access/delegations.html", context, status=status)

    def _row(self, row: Delegation, now: Any) -> dict[str, Any]:
        state = in_force(row, now)
        return {
            "row": row,
            "state": state.capitalize(),
            "tone": _TONES[state],
            "tier": TIERS[row.strictest_tier].title if row.strictest_tier in TIERS else "",
            "may_end": state != "over" and bool(can_end_delegation(self.actor, row)),
        }


page = Delegations.as_view()
