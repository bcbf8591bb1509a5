"""Checks about identities. ID-01 follows NIST SP 800-53 r5 IA-2(1)(2) and CISA ZTMM 2.0, Identity, Authentication."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.core.facts import Fact
from apps.inventory.models import Coverage, Factor
from apps.inventory.queries.ai_access import LABEL, MACHINES, ai_identities
from apps.posture.checks.refs import atlas, nist
from apps.posture.outcomes import failing, iso, judge, met, no_data, not_applicable, stale, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Params
from apps.posture.states import Reason


def _mfa_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge registration of a second factor; its enforcement is judged elsewhere."""
    factors = Factor.objects.present().filter(identity_id=OuterRef("pk")).exclude(strength="not_a_factor")
    active = factors.filter(active=Fact.YES)
    subjects = subjects.alias(
        has_strong=Exists(active.exclude(strength="weak")), has_weak=Exists(active.filter(strength="weak"))
    )
    # A source may have been read lately without its factors; Microsoft Graph tells them in a file of its own.
    old_factors = Coverage.objects.filter(
        record_kind="factor", observed_at__lt=now - timedelta(days=ID_01.freshness_days)
    )
    cases = [
        not_applicable(Q(kind__in=MACHINES), "not_a_person"),
        not_applicable(Q(password_sign_in=Fact.NO), "no_password"),
        stale("source__observed_at", now, ID_01.freshness_days),
        no_data(Q(source_id__in=old_factors.values("source_id")), Reason.STALE),
        met(Q(has_strong=True)),
        met(Q(has_weak=True), "weak_factor"),
        no_data(Q(Exists(factors.filter(active=Fact.UNKNOWN))), "factor_unknown"),
        failing(Q(mfa_known=Fact.YES), "no_factor"),
    ]
    evidence = {
        "password_sign_in": F("password_sign_in"),
        "factors_known": F("mfa_known"),
        "strong_factor": yes_no(Q(has_strong=True)),
        "weak_factor": yes_no(Q(has_weak=True)),
        "expected": text("an active second factor"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


ID_01 = CheckSpec(
    id="ID-01",
    title="Second factor registered for everyone with AI access",
    question="Has everyone who can sign in with a password and reach an AI asset registered a second factor?",
    subject_kind="identity",
    severity="high",
    pillar="identity",
    function="I Auth",
    stage="initial",
    refs=(nist("IA-2(1)"), nist("IA-2(2)"), atlas("AML.T0012")),
    subjects=ai_identities,
    outcome=_mfa_outcome,
    why="A stolen password alone opens models, training data and keys. A second factor stops most such sign-ins.",
    fix=(
        FixStep("AWS", "Register a second factor for the user, then deny everything without it.",
                "aws iam enable-mfa-device --user-name NAME --serial-number ARN "
                "--authentication-code1 CODE --authentication-code2 CODE"),
        FixStep("Microsoft Entra", "Ask the person to register at aka.ms/mfasetup, or issue a Temporary Access Pass."),
        FixStep("Any", "Prefer a passkey or a security key; a text message is a weak factor."),
    ),
    effort="Minutes per person",
    impact="One more step at sign-in",
    data="Accounts with their registered factors (AWS credential report, Microsoft Graph registration details)",
    reasons={
        "not_a_person": "Not a person",
        "no_password": "Cannot sign in with a password",
        "weak_factor": "Only a weak factor, such as a text message",
        "factor_unknown": "A factor is named, but no source tells whether it is active",
        "no_factor": "No second factor is registered",
    },
)  # fmt: skip
