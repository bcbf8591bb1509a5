"""Evidence, parameters and outcomes as people read them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.core.text import display
from apps.core.ui.words import instant_text
from apps.posture.spec import CheckSpec, Parameter

EXPECTED = "expected"
#: SQLite writes truth into JSON as 1 and 0; evidence holds no other whole numbers.
WORDS: dict[Any, str] = {"yes": "Yes", "no": "No", True: "Yes", False: "No"}


def evidence_pairs(evidence: Mapping[str, Any] | None) -> list[tuple[str, str | None]]:
    """Return what a check saw as (label, value), without what it expected; None reads Unknown."""
    return [(_label(key), value_text(value)) for key, value in (evidence or {}).items() if key != EXPECTED]


def expected_of(evidence: Mapping[str, Any] | None) -> str:
    """Return what the check expected; empty where it does not say."""
    return display((evidence or {}).get(EXPECTED) or "")


def _label(key: str) -> str:
    return display(key).replace("_", " ").strip().capitalize()


def value_text(value: Any) -> str | None:
    """Return a value of evidence in words; None where it is not known."""
    if isinstance(value, list | dict):
        return ", ".join(display(entry) for entry in value) or None
    if value is None or value in ("", "unknown"):
        return None
    if value in WORDS:
        return WORDS[value]
    return display(_moment(value) or value)


def _moment(value: Any) -> str:
    if not isinstance(value, str) or not value.endswith("Z") or len(value) != 20:
        return ""
    try:
        return instant_text(datetime.fromisoformat(value))
    except ValueError:
        return ""


def parameter_text(parameter: Parameter, value: Any) -> str:
    """Return a parameter's value with its unit."""
    shown = ", ".join(display(entry) for entry in value) if isinstance(value, list) else display(value)
    return f"{shown} {parameter.unit}".strip() or "none"


def parameters_text(spec: CheckSpec, params: Mapping[str, Any]) -> str:
    """Return all parameters in one line."""
    shown = (
        f"{parameter.label}: {parameter_text(parameter, params.get(parameter.name, parameter.default))}"
        for parameter in spec.parameters
    )
    return "; ".join(shown)


def fact_sentence(label: str, reason: str, expected: str) -> str:
    """Return the one-sentence fact of a finding: the value seen against the value expected."""
    seen = reason[:1].lower() + reason[1:] if reason and not reason[:2].isupper() else reason
    tail = f"; expected is {expected}" if expected else ""
    return f"{display(label)}: {seen or 'the check fails'}{tail}."
