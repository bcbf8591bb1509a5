"""`/setup/emergency`: who may break the glass, proposed by one administrator and confirmed by another."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from apps.access.models import EmergencyPermit
from apps.access.queries import emergency as queries
from apps.access.rules.emergency import can_confirm_permit, can_end_permit
from apps.access.services import emergency as services
from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Actor, Role
from apps.core.errors import DomainError, Forbidden, Invalid
from apps.core.web.views import ActorView

DAYS = 90
SHOWN = 100


class PermitForm(forms.Form):
    """For whom, until when."""

    user: "forms.ModelChoiceField[User]" = forms.ModelChoiceField(
        queryset=None, label="Person", empty_label="Choose a person"
    )
    until_on = forms.DateField(label="Until", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    def __init__(self, actor: Actor, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"until_on": (clock.now() + timedelta(days=DAYS)).date()})
        self.fields["user"].queryset = queries.permittable(actor)  # type: ignore[attr-defined]


class Permits(ActorView):
    """The permits, and the form of another."""

    roles = (Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them."""
        return self._page(PermitForm(self.actor))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Propose one."""
        if not self.actor.has(Role.SECURITY_ADMIN):
            raise Forbidden("Only a security administrator proposes emergency permits.")
        form = PermitForm(self.actor, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            services.permit(actor=self.actor, **form.cleaned_data)
        except DomainError as wrong:
            form.add_error("until_on" if "until_on" in wrong.fields else None, wrong.reason)
            return self._page(form, wrong.status)
        messages.success(request, "Proposed. Another security administrator or the CISO has to confirm it.")
        return redirect("access:permits")

    def _page(self, form: PermitForm, status: int = 200) -> HttpResponse:
        now = clock.now()
        rows = [self._row(permit, now) for permit in queries.permits(self.actor)[:SHOWN]]
        context: dict[str, Any] = {"form": form, "rows": rows, "may": self.actor.has(Role.SECURITY_ADMIN)}
        return render(self.request, "access/permits.html", context, status=status)

    def _row(self, permit: EmergencyPermit, now: Any) -> dict[str, Any]:
        if permit.ended_at is not None or permit.until_on < now.date():
            state, tone = "Over", "neutral"
        else:
            state, tone = ("In force", "good") if permit.confirmed_at else ("Waiting for a second person", "warn")
        return {
            "permit": permit,
            "state": state,
            "tone": tone,
            "confirm": can_confirm_permit(self.actor, permit, now),
            "end": state != "Over" and bool(can_end_permit(self.actor, permit)),
        }


class Permit(ActorView):
    """POST `/setup/emergency/<n>`: confirm or end one."""

    roles = Permits.roles
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm or end."""
        permit, wanted = queries.find_permit(self.actor, pk), request.POST.get("do", "")
        if wanted == "confirm":
            services.confirm_permit(actor=self.actor, permit=permit)
            messages.success(request, f"{permit.user.name} may use emergency access until {permit.until_on}.")
        elif wanted == "end":
            services.end_permit(actor=self.actor, permit=permit)
            messages.success(request, "Ended.")
        else:
            raise Invalid("Choose confirm or end.")
        return redirect("access:permits")


table = Permits.as_view()
change = Permit.as_view()
