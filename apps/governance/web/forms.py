"""Forms of exceptions: they explain; rules, services and constraints decide."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from apps.core.errors import DomainError
from apps.governance.services.asking import MAX_REASON
from apps.governance.services.limits import MOST
from apps.governance.states import Severity


class RefusableForm(forms.Form):
    """A form that shows what a service refused, at the field where it belongs."""

    def take(self, refusal: DomainError) -> None:
        """Add the refusal to its fields, or to the whole form."""
        own = {name: reason for name, reason in refusal.fields.items() if name in self.fields}
        for name, reason in own.items():
            self.add_error(name, reason)
        if not own:
            self.add_error(None, refusal.reason)


class AskForm(RefusableForm):
    """Why, what makes up for it, and until when."""

    reason = forms.CharField(
        max_length=MAX_REASON, label="Why the risk is acceptable for now", widget=forms.Textarea(attrs={"rows": 4})
    )
    compensating = forms.ChoiceField(label="Compensating check", choices=())
    ends_on = forms.DateField(label="Last day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], last_day: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [("", "Choose a check that is met now"), *choices]
        self.fields["compensating"].choices = offered  # type: ignore[attr-defined]
        self.fields["compensating"].help_text = "The exception holds only while this check is met."
        self.fields["ends_on"].help_text = f"At the latest {last_day}. It ends by itself."


class VerdictForm(RefusableForm):
    """A word on a signature, a refusal or an end."""

    reason = forms.CharField(
        max_length=MAX_REASON, required=False, label="Reason", widget=forms.Textarea(attrs={"rows": 2})
    )


class LimitsForm(RefusableForm):
    """The most days per severity."""

    def __init__(self, *args: Any, days: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for severity in Severity:
            self.fields[severity.value] = forms.IntegerField(
                label=f"{severity.label}, days", min_value=1, max_value=MOST, initial=days[severity.value]
            )

    def chosen(self) -> dict[str, int]:
        """Return the days by severity of a valid form."""
        return {severity.value: self.cleaned_data[severity.value] for severity in Severity}
