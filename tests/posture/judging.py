"""Asking a check about the subjects of a test, without a run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.posture.spec import CHECKS
from tests.factories import NOW

#: A name that breaks out of HTML, of a CSV cell and of the reading direction.
HOSTILE = "=<img src=x onerror=alert(1)>'\"\u202egpj.exe"
LONG_AGO = NOW - timedelta(days=400)


def ago(days: int, seconds: int = 0) -> datetime:
    """Return the instant that many days, and a little, before NOW."""
    return NOW - timedelta(days=days, seconds=seconds)


@dataclass(frozen=True)
class Answer:
    """What a check says of one subject."""

    outcome: str
    reason: str
    evidence: dict[str, Any]
    label: str


def answers(check_id: str, **params: Any) -> dict[Any, Answer]:
    """Return what the check says of every subject in scope, as of NOW, by id."""
    spec = CHECKS[check_id]
    rows = spec.evaluated(spec.parsed(params), NOW).values_list("pk", "outcome", "reason", "evidence", "subject_label")
    found = list(rows)
    assert len({row[0] for row in found}) == len(found), "a subject is judged twice"
    return {row[0]: Answer(*row[1:]) for row in found}


def said(check_id: str, subject: Any, **params: Any) -> str:
    """Return `outcome reason` of one subject, `out of scope` where the check does not ask about it."""
    answer = answers(check_id, **params).get(subject.pk)
    return f"{answer.outcome} {answer.reason}".strip() if answer else "out of scope"
