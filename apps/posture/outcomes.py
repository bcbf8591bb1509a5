"""Building blocks for checks: how cases become the annotations, and instants become text on both databases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Case, CharField, F, Func, JSONField, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import JSONObject

from apps.posture.states import Outcome, Reason

Condition = Q | Expression


@dataclass(frozen=True, slots=True)
class Judgement:
    """If the condition holds, this outcome for this reason. The first case that holds decides."""

    condition: Condition
    outcome: str
    reason: str = ""


def met(condition: Condition, reason: str = "") -> Judgement:
    """Return a case that is met; a reason marks a weak kind of met."""
    return Judgement(condition, Outcome.MET, reason)


def failing(condition: Condition, reason: str) -> Judgement:
    """Return a case that fails."""
    return Judgement(condition, Outcome.FAILING, reason)


def not_applicable(condition: Condition, reason: str = "") -> Judgement:
    """Return a case that the question does not apply to."""
    return Judgement(condition, Outcome.NOT_APPLICABLE, reason)


def no_data(condition: Condition, reason: str = Reason.NO_DATA) -> Judgement:
    """Return a case that cannot be judged for want of data."""
    return Judgement(condition, Outcome.NOT_EVALUATED, reason)


def stale(path: str, now: datetime, days: int) -> Judgement:
    """Return the case that the instant at `path` is unknown or more than `days` before `now`."""
    old = Q(**{f"{path}__isnull": True}) | Q(**{f"{path}__lt": now - timedelta(days=days)})
    return Judgement(old, Outcome.NOT_EVALUATED, Reason.STALE)


class Iso(Func):
    """An instant as text such as 2026-11-20T06:12:00Z; null stays null."""

    output_field = CharField()
    #: The per-cent signs are doubled for the driver.
    templates: ClassVar[Mapping[str, str]] = {
        "postgresql": "to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        "sqlite": "strftime('%%%%Y-%%%%m-%%%%dT%%%%H:%%%%M:%%%%SZ', %(expressions)s)",
    }

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Return the PostgreSQL form."""
        return self.as_sql(compiler, connection, template=self.templates["postgresql"], **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Return the SQLite form."""
        return self.as_sql(compiler, connection, template=self.templates["sqlite"], **extra)


def iso(path: str | Combinable) -> Iso:
    """Return the instant at `path` as text for evidence."""
    return Iso(F(path) if isinstance(path, str) else path)


def text(value: object) -> Value:
    """Return a constant text for evidence."""
    return Value(str(value), output_field=TextField())


def yes_no(condition: Condition) -> Case:
    """Return a condition as yes or no for evidence; SQLite would give 1 or 0 where PostgreSQL gives true or false."""
    return Case(When(condition, then=Value("yes")), default=Value("no"), output_field=CharField())


@dataclass(frozen=True, slots=True)
class Part:
    """One key of evidence: the alias that selects what it needs, "" for a constant, and how that becomes its value."""

    key: str
    alias: str
    constant: str = ""
    is_instant: bool = False

    def sql(self, column: str, vendor: str) -> tuple[str, list[str]]:
        """Return SQL for the value over a column that holds what was selected, and its parameters."""
        if not self.alias:
            return "CAST(%s AS text)", [self.constant]
        return (Iso.templates[vendor] % {"expressions": column} if self.is_instant else column), []


class Evidence(JSONObject):
    """Evidence whose `parts` can be selected as they are and made JSON later, only where somebody will read it."""

    parts: tuple[Part, ...] = ()


def _evidence(subjects: QuerySet[Any], fields: Mapping[str, Any]) -> tuple[QuerySet[Any], Expression]:
    """Return the subjects with an alias for each part, and the evidence that is made of these."""
    if not fields:
        return subjects, Value({}, output_field=JSONField())
    parts, aliases = [], {}
    for number, (key, value) in enumerate(fields.items()):
        if isinstance(value, Value) and isinstance(value.value, str):
            parts.append(Part(key, "", constant=value.value))
            continue
        parts.append(Part(key, f"evidence_{number}", is_instant=isinstance(value, Iso)))
        aliases[f"evidence_{number}"] = value.get_source_expressions()[0] if isinstance(value, Iso) else value
    evidence = Evidence(**fields)
    evidence.parts = tuple(parts)
    return subjects.alias(**aliases), evidence


def judge(
    subjects: QuerySet[Any], cases: Sequence[Judgement], *, evidence: dict[str, Any], label: Expression | F
) -> QuerySet[Any]:
    """Annotate `subjects` with outcome, reason, evidence and subject_label, and with `verdict`: outcome/reason in one.

    The first case that holds decides; where none holds, the subject is not evaluated for want of data. Conditions that
    several cases share should be annotated on `subjects` first (as alias). Evidence of what is not applicable is empty.
    """
    outcomes = [When(case.condition, then=Value(str(case.outcome))) for case in cases]
    reasons = [When(case.condition, then=Value(str(case.reason))) for case in cases]
    verdicts = [When(case.condition, then=Value(verdict(case.outcome, case.reason))) for case in cases]
    subjects, told = _evidence(subjects, evidence)
    return subjects.annotate(
        outcome=Case(*outcomes, default=Value(str(Outcome.NOT_EVALUATED)), output_field=CharField()),
        reason=Case(*reasons, default=Value(str(Reason.NO_DATA)), output_field=CharField()),
        verdict=Case(
            *verdicts, default=Value(verdict(Outcome.NOT_EVALUATED, Reason.NO_DATA)), output_field=CharField()
        ),
        evidence=told,
        subject_label=label,
    )


def verdict(outcome: str, reason: str) -> str:
    """Return outcome and reason as one word, which the database finds by asking each condition once."""
    return f"{outcome}/{reason}"
