"""Checks about programmatic keys: NH-01 (age) and NH-02 (owner and use). NIST SP 800-53 r5 IA-5, IA-4, AC-2."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat, NullIf

from apps.core.facts import Fact
from apps.inventory.models import Credential
from apps.inventory.states import IdentityKind, PersonStatus, UseState
from apps.posture.checks.refs import atlas, nist
from apps.posture.outcomes import failing, iso, judge, met, no_data, stale, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params

KEY_KINDS = ("access_key", "api_key", "token")
PEOPLE = (IdentityKind.HUMAN, IdentityKind.GUEST)
HOLDER = Coalesce(
    NullIf("identity__name", Value("")), NullIf("identity__login", Value("")), "identity__source_key",
    output_field=CharField(),
)  # fmt: skip
KEY_NAME = Coalesce(NullIf("name", Value("")), "kind", output_field=CharField())
LABEL = Concat(HOLDER, Value(", "), KEY_NAME, output_field=CharField())


def active_keys() -> QuerySet[Any]:
    """Return every active programmatic key of an account that is still there; inactive keys open nothing."""
    return Credential.objects.present().filter(
        kind__in=KEY_KINDS,
        identity__gone_at__isnull=True,
        source__retired_at__isnull=True,
    ).exclude(active=Fact.NO).exclude(identity__enabled=Fact.NO)  # fmt: skip


def _age_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the age since the last rotation, or since creation where there was none."""
    limit = now - timedelta(days=params["days"])
    subjects = subjects.alias(renewed_at=Coalesce("rotated_at", "created_on_source_at"))
    cases = [
        stale("source__observed_at", now, NH_01.freshness_days),
        no_data(Q(renewed_at__isnull=True), "age_unknown"),
        failing(Q(renewed_at__lt=limit), "too_old"),
        met(Q(renewed_at__gte=limit)),
    ]
    evidence = {
        "rotated_at": iso("rotated_at"),
        "created_at": iso("created_on_source_at"),
        "expected": text(f"rotated within {params['days']} days"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


NH_01 = CheckSpec(
    id="NH-01",
    title="No programmatic key is older than allowed",
    question="Was every active programmatic key rotated within the allowed days?",
    subject_kind="credential",
    severity="high",
    pillar="identity",
    function="I Auth",
    stage="initial",
    refs=(nist("IA-5"), atlas("AML.T0055")),
    parameters=(Parameter("days", "Days since rotation", "int", 90, 1, 730, "days"),),
    subjects=active_keys,
    outcome=_age_outcome,
    why="Keys leak into notebooks, logs and images. The older a key, the more copies of it exist.",
    fix=(
        FixStep("AWS", "Create a second key, move the workload to it, then deactivate and delete the old one.",
                "aws iam create-access-key --user-name NAME"),
        FixStep("Any", "Prefer workload identity, which has no key to rotate."),
    ),
    effort="Under an hour per key",
    impact="A workload that still has the old key stops",
    data="Keys with creation or rotation date (AWS credential report)",
    reasons={"age_unknown": "No source tells when it was made", "too_old": "Older than allowed"},
)  # fmt: skip


def _used_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge use first, then the owner: the person whose account it is, or the person known to stand behind it."""
    limit = now - timedelta(days=params["days"])
    subjects = subjects.alias(made_at=Coalesce("created_on_source_at", "rotated_at"))
    nobody = Q(identity__person__isnull=True) & ~Q(identity__kind__in=PEOPLE)
    left = Q(identity__person__status=PersonStatus.LEFT) | Q(identity__person__ended_on__lt=now.date())
    cases = [
        stale("source__observed_at", now, NH_02.freshness_days),
        failing(Q(use_state=UseState.USED, last_used_at__lt=limit), "unused"),
        failing(Q(use_state=UseState.NEVER, made_at__lt=limit), "never_used"),
        failing(nobody, "no_owner"),
        failing(left, "owner_left"),
        no_data(Q(use_state=UseState.UNKNOWN), "use_unknown"),
        no_data(Q(use_state=UseState.NEVER, made_at__isnull=True), "age_unknown"),
        met(Q(use_state=UseState.USED)),
        met(Q(use_state=UseState.NEVER), "new_key"),
    ]
    evidence = {
        "last_used_at": iso("last_used_at"),
        "use": F("use_state"),
        "created_at": iso("made_at"),
        "holder_kind": F("identity__kind"),
        "person": F("identity__person__name"),
        "expected": text(f"an owner, and used within {params['days']} days"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


NH_02 = CheckSpec(
    id="NH-02",
    title="Every programmatic key has an owner and is in use",
    question="Does every active programmatic key have an owner, and was it used within the allowed days?",
    subject_kind="credential",
    severity="medium",
    pillar="identity",
    function="I Store",
    stage="initial",
    refs=(nist("IA-4"), nist("AC-2")),
    parameters=(Parameter("days", "Days without use", "int", 60, 1, 730, "days"),),
    subjects=active_keys,
    outcome=_used_outcome,
    why="A key that nobody uses or owns is never missed when it is stolen.",
    fix=(
        FixStep("AWS", "Deactivate the key, wait two weeks, then delete it.",
                "aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive"),
        FixStep("Any", "Tell who owns the workload: link its account to a person."),
    ),
    effort="Minutes per key",
    impact="A forgotten job may stop",
    data="Keys with their last use (AWS credential report) and the person behind the account (HR export)",
    reasons={
        "unused": "Not used within the allowed days",
        "never_used": "Never used, and older than the allowed days",
        "no_owner": "No owner is known",
        "owner_left": "Its owner left",
        "use_unknown": "No source tells the last use",
        "age_unknown": "Never used, and its age is not known",
        "new_key": "Never used yet, but new",
    },
)  # fmt: skip
