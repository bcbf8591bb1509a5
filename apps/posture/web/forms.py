"""Forms of posture: they explain; rules and constraints decide."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.inventory.models import Person
from apps.inventory.states import PersonStatus
from apps.posture.spec import CheckSpec, Parameter
from apps.posture.states import Pillar, Severity

MAX_NOTE = 500


def assignable(actor: Actor) -> QuerySet[Person]:
    """Return the people whom this actor may name as an owner: those who work here and whom the actor sees."""
    return Person.objects.visible_to(actor).exclude(status=PersonStatus.LEFT).order_by("name")


class RefusableForm(forms.Form):
    """A form that shows what a service refused, at the field where it belongs."""

    def take(self, refusal: DomainError) -> None:
        """Add the refusal to its fields, or to the whole form."""
        own = {name: reason for name, reason in refusal.fields.items() if name in self.fields}
        for name, reason in own.items():
            self.add_error(name, reason)
        if not own:
            self.add_error(None, refusal.reason)


class PersonChoice(forms.ModelChoiceField):
    """A person by name and mail."""

    def label_from_instance(self, obj: Any) -> str:
        """Return name and mail."""
        return f"{obj.name} ({obj.email})" if obj.email else str(obj.name)


def _day(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **options)


def _note(label: str, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 2}), **options)


class AssignForm(RefusableForm):
    """The owner of a finding."""

    owner = PersonChoice(queryset=Person.objects.none(), required=False, empty_label="Nobody", label="Owner")

    def __init__(self, *args: Any, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class DueForm(RefusableForm):
    """The due date of a finding."""

    due_on = _day("Due on", required=False, help_text="Empty for no due date.")
    note = _note("Why", required=False, help_text="Needed when it becomes later.")


class FixedForm(RefusableForm):
    """What was done."""

    note = _note("What was done", required=False)


class BulkForm(RefusableForm):
    """Owner and due date of several findings; what stays empty is left as it is."""

    owner = PersonChoice(queryset=Person.objects.none(), required=False, empty_label="Leave as they are", label="Owner")
    due_on = _day("Due on", required=False, help_text="Empty leaves the due dates as they are.")
    note = _note("Why", required=False, help_text="Needed when a due date becomes later.")

    def __init__(self, *args: Any, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for at least one change."""
        given = super().clean() or {}
        if not self.errors and not given.get("owner") and not given.get("due_on"):
            raise forms.ValidationError("Choose an owner or a due date.")
        return given


class ParametersForm(RefusableForm):
    """The parameters of one check, each with its bounds."""

    def __init__(self, data: Any = None, *, spec: CheckSpec, params: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(data, initial={key: _shown(value) for key, value in params.items()}, **kwargs)
        for parameter in spec.parameters:
            self.fields[parameter.name] = _parameter_field(parameter)

    def chosen(self) -> dict[str, Any]:
        """Return the parameters as given."""
        return dict(self.cleaned_data)


class SaveForm(RefusableForm):
    """The note with which new parameters are put in force, and the version that was previewed."""

    note = _note("Why", help_text="Stands in the audit log and beside the mark in the trend.")
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


def _shown(value: Any) -> Any:
    return (", ".join(value) or "none") if isinstance(value, list) else value


def _parameter_field(parameter: Parameter) -> forms.Field:
    default = f"Default: {_shown(parameter.default)} {parameter.unit}".strip()
    if parameter.type == "int":
        bounds = f"{parameter.minimum} to {parameter.maximum} {parameter.unit}. ".replace(" .", ".")
        return forms.IntegerField(
            label=parameter.label,
            min_value=parameter.minimum,
            max_value=parameter.maximum,
            help_text=bounds + default + ".",
        )
    more = "Separate with commas. " if parameter.type == "list" else ""
    return forms.CharField(label=parameter.label, required=False, max_length=4000, help_text=f"{more}{default}.")


class ScheduleForm(RefusableForm):
    """When runs are due."""

    interval_hours = forms.IntegerField(label="Run every so many hours", min_value=1, max_value=168)
    paused = forms.BooleanField(label="Do not run by schedule", required=False)


class TargetsForm(RefusableForm):
    """Targets in per cent; the empty pillar is the whole."""

    def __init__(self, data: Any = None, *, targets: dict[str, int], **kwargs: Any) -> None:
        super().__init__(data, initial={key or "all": value for key, value in targets.items()}, **kwargs)
        for key, label in (("all", "All results"), *Pillar.choices):
            self.fields[key] = forms.IntegerField(label=f"{label}, %", min_value=0, max_value=100)

    def chosen(self) -> dict[str, int]:
        """Return the per cents by pillar."""
        return {"" if key == "all" else key: value for key, value in self.cleaned_data.items()}


class DueDaysForm(RefusableForm):
    """Days from opening to due by severity."""

    def __init__(self, data: Any = None, *, days: dict[str, int | None], **kwargs: Any) -> None:
        super().__init__(data, initial=days, **kwargs)
        for key, label in Severity.choices:
            self.fields[key] = forms.IntegerField(label=f"{label}, days", min_value=1, max_value=730, required=False)

    def chosen(self) -> dict[str, int | None]:
        """Return the days by severity, None for no due date."""
        return dict(self.cleaned_data)
