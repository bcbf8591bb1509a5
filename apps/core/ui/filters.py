"""The filter bar: a plain GET form whose choices open as searchable panels, and one chip per active filter."""

from dataclasses import dataclass

from django import forms
from django.forms.boundfield import BoundField
from django.forms.widgets import ChoiceWidget
from django.http import HttpRequest

PAGING = ("page", "cursor")
SEARCHABLE_FROM = 9


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    checked: bool


@dataclass(frozen=True)
class Control:
    """One filter: kind is text, date, number, one or many. `chosen` are the labels shown in the button."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[Option, ...]
    chosen: tuple[str, ...]
    searchable: bool
    id: str


@dataclass(frozen=True)
class Chip:
    """An active filter and the address without it."""

    label: str
    value: str
    url: str


def filter_view(form: forms.BaseForm, request: HttpRequest) -> dict[str, object]:
    """Controls, chips, what else stands in the query string, and the address with nothing filtered."""
    controls = [_control(bound, request) for bound in form if not bound.is_hidden]
    names = {control.name for control in controls}
    kept = [
        (key, value)
        for key, values in request.GET.lists()
        for value in values
        if key not in names and key not in PAGING
    ]
    chips = [chip for control in controls for chip in _chips(control, request)]
    search = next((control for control in controls if control.kind == "text"), None)
    return {
        "search": search,
        "controls": [control for control in controls if control is not search],
        "kept": kept,
        "chips": chips,
        "clear_url": _address(request, names),
    }


def _control(bound: BoundField, request: HttpRequest) -> Control:
    values = [value for value in request.GET.getlist(bound.html_name) if value]
    widget = bound.field.widget
    options: tuple[Option, ...] = ()
    kind = "text"
    if isinstance(widget, forms.CheckboxInput):
        kind, options = "many", (Option("true", str(bound.label), bool(values)),)
    elif isinstance(widget, ChoiceWidget):
        kind = "many" if widget.allow_multiple_selected else "one"
        options = tuple(
            Option(str(value), str(label), str(value) in values or (not values and str(value) == ""))
            for _group, choices, _index in widget.optgroups(bound.html_name, values)
            for value, label in ((choice["value"], choice["label"]) for choice in choices)
            if kind == "one" or str(value) != ""
        )
    elif getattr(widget, "input_type", "") in ("date", "number") or isinstance(widget, forms.DateInput):
        kind = "number" if getattr(widget, "input_type", "") == "number" else "date"
    chosen = tuple(option.label for option in options if option.checked and option.value)
    return Control(
        bound.html_name,
        str(bound.label),
        kind,
        values[0] if values else "",
        options,
        chosen,
        len(options) >= SEARCHABLE_FROM,
        f"f_{bound.html_name}",
    )


def _chips(control: Control, request: HttpRequest) -> list[Chip]:
    if not control.options:
        return [Chip(control.label, control.value, _address(request, {control.name}))] if control.value else []
    active = [option for option in control.options if option.checked and option.value]
    return [Chip(control.label, option.label, _address(request, {control.name}, option.value)) for option in active]


def _address(request: HttpRequest, without: set[str], value: str | None = None) -> str:
    """The current address without the given parameters (or without one value of them), and without paging."""
    query = request.GET.copy()
    for name in (*PAGING, *without):
        rest = [] if value is None or name in PAGING else [entry for entry in query.getlist(name) if entry != value]
        if rest:
            query.setlist(name, rest)
        else:
            query.pop(name, None)
    return f"{request.path}?{query.urlencode()}" if query else request.path
