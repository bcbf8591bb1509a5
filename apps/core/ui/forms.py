"""What form templates need: the error summary with links, and each field with its help and errors tied to it."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField


@dataclass(frozen=True)
class FormError:
    """One line of the error summary; `target` is the id of the field it belongs to, empty for the whole form."""

    target: str
    label: str
    message: str


def error_list(form: forms.BaseForm) -> list[FormError]:
    """All errors of a form in field order, those of the whole form first."""
    found = [FormError("", "", str(message)) for message in form.non_field_errors()]
    for bound in form:
        target = "" if bound.is_hidden else target_id(bound)
        found += [FormError(target, str(bound.label), str(message)) for message in bound.errors]
    return found


def target_id(bound: BoundField) -> str:
    """The id that an error link must point at: the first option of a group, else the control."""
    return f"{bound.auto_id}_0" if is_group(bound) else bound.id_for_label or bound.auto_id


def is_group(bound: BoundField) -> bool:
    """Whether the field is a set of radio buttons or check boxes, which needs a fieldset and legend."""
    return isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


def field_view(bound: BoundField) -> dict[str, Any]:
    """Context of `_field.html`: the control with its class and ARIA attributes, label, help and errors."""
    widget = bound.field.widget
    described = [f"{bound.auto_id}_help"] if bound.help_text else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    attrs: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    single_box = isinstance(widget, forms.CheckboxInput)
    if not single_box and not is_group(bound):
        attrs["class"] = f"in {widget.attrs.get('class', '')}".strip()
    return {
        "bound": bound,
        "group": is_group(bound),
        "options": list(bound) if is_group(bound) else [],
        "single_box": single_box,
        "control": "" if is_group(bound) else bound.as_widget(attrs=attrs),
        "described": attrs.get("aria-describedby", ""),
        "optional": not bound.field.required and not single_box,
    }
