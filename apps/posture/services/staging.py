"""SQL of what a check says: the verdict computed once for each subject, evidence made only where it is kept.

A check's own SELECT yields the verdict and the plain parts of the evidence; a SELECT around it takes the verdict apart
and makes JSON of the parts. So no condition is asked twice, and a run that changes nothing makes evidence of failures
only, to compare it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import CharField, F, JSONField, QuerySet, TextField, Value
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Concat

from apps.core.sql import Columns, column_name, compiled
from apps.posture.outcomes import Evidence, Part
from apps.posture.states import Outcome

Sql = tuple[str, list[Any]]
WHOLE = "evidence"
TEXTS = (CharField, TextField)


@dataclass(frozen=True, slots=True)
class Staged:
    """A check's SELECT, and its columns as SQL over it: `s` is its name in the statement around it."""

    select: str
    params: Sequence[Any]
    subject_id: str
    verdict: str
    label: str
    evidence: Sql

    @property
    def outcome(self) -> str:
        """Return SQL for the outcome in the verdict."""
        return outcome_in(self.verdict)

    @property
    def reason(self) -> str:
        """Return SQL for the reason in the verdict."""
        return reason_in(self.verdict)


def staged(judged: QuerySet[Any], columns: Columns, *, ordered: bool = False) -> Staged:
    """Compile a judged queryset; `columns` name subject_id, verdict, subject_label and, if it has no parts, evidence.

    `ordered` is by subject. Where the queryset has no verdict it is put together from outcome and reason.
    """
    told = judged.query.annotations.get("evidence") if columns.get(WHOLE) == WHOLE else None
    parts: tuple[Part, ...] = told.parts if isinstance(told, Evidence) else ()
    # SQLite forgets that a text is JSON when it comes out of brackets.
    if any(isinstance(judged.query.annotations[part.alias].output_field, JSONField) for part in parts if part.alias):
        parts = ()
    chosen: dict[str, str | BaseExpression | F] = {
        "subject_id": columns["subject_id"],
        "verdict": _verdict(judged, columns),
        "subject_label": columns["subject_label"],
        **({part.alias: part.alias for part in parts if part.alias} if parts else {WHOLE: columns[WHOLE]}),
    }
    select, params = compiled(judged, chosen, ordered=ordered)
    names = {name: f"s.{column_name(number)}" for number, name in enumerate(chosen)}
    evidence = _assembled(parts, names, _all_texts(judged, parts)) if parts else (names[WHOLE], [])
    return Staged(select, params, names["subject_id"], names["verdict"], names["subject_label"], evidence)


def _verdict(judged: QuerySet[Any], columns: Columns) -> "str | BaseExpression | F":
    if "verdict" in columns and (columns["verdict"] != "verdict" or "verdict" in judged.query.annotations):
        return columns["verdict"]
    return Concat(F("outcome"), Value("/"), F("reason"), output_field=CharField())


def _all_texts(judged: QuerySet[Any], parts: Sequence[Part]) -> bool:
    selected = (part for part in parts if part.alias and not part.is_instant)
    return all(isinstance(judged.query.annotations[part.alias].output_field, TEXTS) for part in selected)


def _assembled(parts: Sequence[Part], names: dict[str, str], all_texts: bool) -> Sql:
    values, keys, params = [], ["CAST(%s AS text)"] * len(parts), []
    for part in parts:
        value, constants = part.sql(names.get(part.alias, ""), connection.vendor)
        values.append(value)
        params.append([part.key, *constants])
    if connection.vendor == "postgresql" and all_texts:
        # Asks for no type row by row, which takes jsonb_build_object twice as long.
        constants = [constant for _, *rest in params for constant in rest]
        made = f"jsonb_object(ARRAY[{', '.join(keys)}], CAST(ARRAY[{', '.join(values)}] AS text[]))"
        return made, [*(key for key, *_ in params), *constants]
    function = "jsonb_build_object" if connection.vendor == "postgresql" else "json_object"
    pairs = ", ".join(f"{key}, {value}" for key, value in zip(keys, values, strict=True))
    return f"{function}({pairs})", [word for words in params for word in words]


def outcome_in(verdict: str) -> str:
    """Return SQL for the outcome in a verdict."""
    if connection.vendor == "postgresql":
        return f"split_part({verdict}, '/', 1)"
    return f"substr({verdict}, 1, instr({verdict}, '/') - 1)"


def reason_in(verdict: str) -> str:
    """Return SQL for the reason in a verdict."""
    if connection.vendor == "postgresql":
        return f"split_part({verdict}, '/', 2)"
    return f"substr({verdict}, instr({verdict}, '/') + 1)"


def is_outcome(verdict: str, outcome: Outcome) -> str:
    """Return SQL for whether a verdict has this outcome."""
    return f"substr({verdict}, 1, {len(outcome) + 1}) = '{outcome}/'"
