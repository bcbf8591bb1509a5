"""GV-04: no exception runs on past its date or without what compensates. NIST SP 800-53 r5 CA-5."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from apps.governance.models import RiskException
from apps.governance.references import REFERENCES
from apps.governance.states import OPEN_EXCEPTIONS, EndReason, ExceptionState
from apps.posture.checks.refs import nist
from apps.posture.models import Result
from apps.posture.outcomes import failing, judge, met, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Params
from apps.posture.states import Outcome

#: Ends that leave a risk behind: nobody took it back, and it was not fixed.
LEFT_BEHIND = (EndReason.EXPIRED, EndReason.UNMET)
LABEL = Concat(Value("EX-"), Cast("number", CharField()), Value(" "), "label", output_field=CharField())


def standing_exceptions() -> QuerySet[RiskException]:
    """Return the exceptions in force, and those that ended with the risk still there and no other in their place."""
    successor = RiskException.objects.filter(
        kind=OuterRef("kind"), key=OuterRef("key"), number__gt=OuterRef("number")
    ).exclude(state=ExceptionState.REFUSED)
    newer = successor.filter(Q(state__in=OPEN_EXCEPTIONS) | Q(end_reason__in=LEFT_BEHIND))
    ended = RiskException.objects.filter(~Exists(newer), end_reason__in=LEFT_BEHIND)
    left = Q(state=ExceptionState.ACTIVE)
    for source in REFERENCES:
        # What it was about is neither fixed nor gone: only who owns the rows of its kind can tell.
        left |= Q(pk__in=ended.filter(kind=source.kind).values("pk")) & ~Q(pk__in=source.over(ended).values("pk"))
    return RiskException.objects.filter(left)


def _outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge date and compensating check, as the results stand when the check is asked."""
    compensated = Result.objects.filter(to_run__isnull=True, outcome=Outcome.MET, check_id=OuterRef("comp_check"))
    subjects = subjects.alias(compensated=Exists(compensated.filter(subject_id=OuterRef("comp_id"))))
    cases = [
        failing(Q(end_reason=EndReason.EXPIRED) | Q(ends_on__lt=now.date()), "expired"),
        failing(Q(end_reason=EndReason.UNMET) | Q(compensated=False), "not_compensated"),
        met(Q(state=ExceptionState.ACTIVE)),
    ]
    evidence = {
        "last_day": Cast("ends_on", CharField()),
        "compensating_check": F("comp_check"),
        "compensating_subject": F("comp_label"),
        "compensated": yes_no(Q(compensated=True)),
        "expected": text("in force, with its compensating check met"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


GV_04 = CheckSpec(
    id="GV-04",
    title="No exception runs on past its date or without what compensates",
    question="Is the exception within its date, and is its compensating check met?",
    subject_kind="exception",
    severity="high",
    pillar="governance",
    function="A G",
    stage="initial",
    refs=(nist("CA-5"),),
    subjects=standing_exceptions,
    outcome=_outcome,
    why="A risk that was accepted for a time, on a condition, is an open risk once either is over.",
    fix=(
        FixStep("Portal", "Fix what the exception was about; the next run closes both findings."),
        FixStep("Portal", "Where that takes longer, the owner asks for another exception, which is signed anew."),
    ),
    effort="Minutes to ask again, more to fix",
    impact="None",
    data="The portal's own exceptions and results",
    reasons={
        "expired": "Its end date passed and the risk is still there",
        "not_compensated": "Its compensating check is not met",
    },
)
