"""What a check is: one frozen declaration and one pure function from subjects to an annotated queryset.

A check is registered in CHECKS from `apps.posture.apps.ready`, by an explicit list. `outcome(subjects, params, now)`
returns `subjects` annotated with `outcome`, `reason`, `evidence` and `subject_label`; the database evaluates it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from apps.core.errors import Invalid
from apps.core.registry import Registry
from apps.posture.states import Pillar, Severity, SubjectKindName

Params = Mapping[str, Any]
ANNOTATIONS = ("outcome", "reason", "evidence", "subject_label")
MAX_TEXT = 200
MAX_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Ref:
    """A requirement of a framework, with the edition its id belongs to."""

    framework: str
    edition: str
    id: str


@dataclass(frozen=True, slots=True)
class FixStep:
    """One step of a remedy on one platform, with a command where there is one."""

    platform: str
    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An editable limit. `type` is int, list (of short texts) or text; minimum and maximum bound an int."""

    name: str
    label: str
    type: str
    default: Any
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""

    def parsed(self, value: Any) -> Any:
        """Return `value` as this parameter's type. Raises Invalid naming the parameter."""
        return _PARSERS[self.type](self, value)

    def refuse(self, why: str) -> Invalid:
        """Return the error that says what is wrong with this parameter."""
        return Invalid(f"{self.label}: {why}", **{self.name: why})


def _parse_int(parameter: Parameter, value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,9}", str(value).strip()):
        raise parameter.refuse("give a whole number.")
    number = int(str(value).strip())
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise parameter.refuse(f"give a number from {low} to {high}.")
    return number


def _parse_text(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise parameter.refuse(f"give a text of at most {MAX_TEXT} characters.")
    return value.strip()


def _parse_list(parameter: Parameter, value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.replace("\n", ",").split(",")
    if not isinstance(value, Sequence) or len(value) > MAX_ITEMS:
        raise parameter.refuse(f"give at most {MAX_ITEMS} entries.")
    entries = [_parse_text(parameter, entry) for entry in value]
    return list(dict.fromkeys(entry for entry in entries if entry))


_PARSERS: dict[str, Callable[[Parameter, Any], Any]] = {"int": _parse_int, "text": _parse_text, "list": _parse_list}


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check. `function` is a CISA ZTMM 2.0 function, for example "I Auth"; `version` counts changes of the code."""

    id: str
    title: str
    question: str
    subject_kind: str
    severity: str
    pillar: str
    function: str
    subjects: Callable[[], QuerySet[Any]]
    outcome: Callable[[QuerySet[Any], Params, datetime], QuerySet[Any]]
    why: str
    stage: str = ""
    refs: tuple[Ref, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    fix: tuple[FixStep, ...] = ()
    effort: str = ""
    impact: str = ""
    data: str = ""
    freshness_days: int = 30
    version: int = 1
    reasons: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a check that names something unknown: a bad entry stops start-up."""
        wrong = [
            not re.fullmatch(r"[A-Z]{2}-\d{2}", self.id),
            self.severity not in Severity.values,
            self.pillar not in Pillar.values,
            self.subject_kind not in list(SubjectKindName),
            any(parameter.type not in _PARSERS for parameter in self.parameters),
        ]
        if any(wrong):
            raise ImproperlyConfigured(f"check {self.id!r} is declared wrongly")

    def defaults(self) -> dict[str, Any]:
        """Return the default of each parameter."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def parsed(self, given: Params) -> dict[str, Any]:
        """Return all parameters from what was given, defaults for the rest. Raises Invalid for a bad or unknown one."""
        unknown = set(given) - {parameter.name for parameter in self.parameters}
        if unknown:
            raise Invalid(f"{self.id} has no parameter {sorted(unknown)[0]!r}.")
        return {p.name: p.parsed(given[p.name]) if p.name in given else p.default for p in self.parameters}

    def evaluated(self, params: Params, now: datetime, *, subject_id: Any = None) -> QuerySet[Any]:
        """Return the annotated queryset of all subjects, or of the one subject."""
        subjects = self.subjects()
        if subject_id is not None:
            subjects = subjects.filter(pk=subject_id)
        return self.outcome(subjects, params, now)


CHECKS: Registry[CheckSpec] = Registry("check")


def register(spec: CheckSpec) -> CheckSpec:
    """Register a check under its id."""
    return CHECKS.register(spec.id, spec)
