"""Checks whose outcomes tests write into identities, so that any history can be played.

TS-01 reads its outcome from `job_title` and its evidence from `department`; TS-02 reads its outcome from `email`;
TS-03 fails for identities not used for `days` days.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import JSONObject

from apps.inventory.models import Identity
from apps.posture.outcomes import failing, iso, judge, met
from apps.posture.spec import CheckSpec, Parameter, Params


def present() -> QuerySet[Identity]:
    """Return the identities that are there."""
    return Identity.objects.present()


def _read(field: str) -> Any:
    def outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
        return subjects.annotate(
            outcome=F(field),
            reason=Value(""),
            evidence=JSONObject(seen=F("department")),
            subject_label=F("name"),
        )

    return outcome


def _unused(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    old = Q(last_used_at__lt=now - timedelta(days=params["days"]))
    cases = [failing(old, "unused"), met(Q(last_used_at__isnull=False))]
    return judge(subjects, cases, evidence={"last_used_at": iso("last_used_at")}, label=F("name"))


def _broken(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    raise LookupError("this check is broken")


def scripted(check_id: str, outcome: Any, **fields: Any) -> CheckSpec:
    """Return a check about identities."""
    defaults: dict[str, Any] = {
        "title": f"Scripted {check_id}",
        "question": "?",
        "subject_kind": "identity",
        "severity": "high",
        "pillar": "identity",
        "function": "I Auth",
        "subjects": present,
        "why": "",
    }
    return CheckSpec(id=check_id, outcome=outcome, **{**defaults, **fields})


TS_01 = scripted("TS-01", _read("job_title"))
TS_02 = scripted("TS-02", _read("email"), severity="critical", pillar="governance", function="A G")
TS_03 = scripted(
    "TS-03",
    _unused,
    severity="medium",
    parameters=(Parameter("days", "Days without use", "int", 45, 7, 365, "days"),),
)
BROKEN = scripted("TS-09", _broken)
