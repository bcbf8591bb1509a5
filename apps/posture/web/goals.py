"""Schedule, targets and due days."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core.errors import Invalid
from apps.core.web.views import ActorView
from apps.posture import rules
from apps.posture.queries.settings import due_days, schedule, targets
from apps.posture.services.goals import set_due_days, set_schedule, set_targets
from apps.posture.web.forms import DueDaysForm, RefusableForm, ScheduleForm, TargetsForm
from apps.posture.web.runs import WIDE


class SettingsView(ActorView):
    """`/setup/checks/settings`: wide roles look, security administrators change."""

    roles = WIDE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the page."""
        return self._page(self._forms(None, ""))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save the part that was sent."""
        part = request.POST.get("part", "")
        rules.can_tune(self.actor).require()
        if part not in _SAVES:
            raise Invalid("There is no such part of the settings.")
        forms = self._forms(request.POST, part)
        form = forms[part]
        if not form.is_valid():
            return self._page(forms, 400)
        try:
            _SAVES[part](self, form)
        except Invalid as refusal:
            form.take(refusal)
            return self._page(forms, refusal.status)
        messages.success(request, "Saved.")
        return redirect("posture:settings")

    def _forms(self, data: Any, part: str) -> dict[str, RefusableForm]:
        now = schedule()
        given = {name: data if name == part else None for name in _SAVES}
        initial = {"interval_hours": now.interval_hours, "paused": now.paused}
        return {
            "schedule": ScheduleForm(given["schedule"], initial=initial, prefix="schedule"),
            "targets": TargetsForm(given["targets"], targets=targets(), prefix="targets"),
            "due": DueDaysForm(given["due"], days=due_days(), prefix="due"),
        }

    def _page(self, forms: dict[str, RefusableForm], status: int = 200) -> HttpResponse:
        may = rules.can_tune(self.actor)
        if not may:
            for form in forms.values():
                for field in form.fields.values():
                    field.disabled = True
        context = {"forms": forms, "may_tune": may, "schedule": schedule()}
        return render(self.request, "posture/settings.html", context, status=status)

    def save_schedule(self, form: Any) -> None:
        """Put the schedule in force."""
        set_schedule(actor=self.actor, **{name: form.cleaned_data[name] for name in ("interval_hours", "paused")})

    def save_targets(self, form: Any) -> None:
        """Put the targets in force."""
        set_targets(actor=self.actor, percents=form.chosen())

    def save_due(self, form: Any) -> None:
        """Put the due days in force."""
        set_due_days(actor=self.actor, days=form.chosen())


_SAVES: dict[str, Callable[[SettingsView, Any], None]] = {
    "schedule": SettingsView.save_schedule,
    "targets": SettingsView.save_targets,
    "due": SettingsView.save_due,
}
