"""Checks about how wide access is given: ID-15 (full access to AI services). NIST SP 800-53 r5 AC-6."""

from datetime import datetime
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.core.facts import Fact
from apps.inventory.models import Coverage, Identity
from apps.inventory.queries.ai_access import LABEL, reaching_ai
from apps.posture.checks.refs import atlas, nist
from apps.posture.outcomes import failing, iso, judge, met, no_data, stale, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params
from apps.posture.states import Reason


def told() -> QuerySet[Identity]:
    """Return the accounts that hold access to AI at a source that tells how wide it is, or should."""
    tells = Q(source__brings_ai_entitlements=True) | ~Q(full_access=Fact.UNKNOWN)
    held = reaching_ai().filter(tells).values("identity_id")
    return Identity.objects.counted().filter(pk__in=held, source__retired_at__isnull=True)


def holds(rows: QuerySet[Any]) -> ExpressionWrapper:
    """Return whether there is such a row, as an expression that several cases can name."""
    return ExpressionWrapper(Exists(rows), output_field=BooleanField())


def _outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the widest access of an account; what a condition may still prevent is not evaluated, nor a lost policy."""
    mine = reaching_ai().filter(identity_id=OuterRef("pk"))
    wide = mine.filter(full_access=Fact.YES)
    unknown = mine.filter(full_access=Fact.UNKNOWN)
    subjects = subjects.alias(
        wide=holds(wide), left_open=holds(unknown.filter(on_ai=Fact.YES)), lost=holds(unknown.exclude(on_ai=Fact.YES))
    )
    lists = Coverage.objects.filter(record_kind__in=("identity", "entitlement"))
    old = stale("observed_at", now, ID_15.freshness_days).condition
    cases = [
        met(Q(name__in=[*params["allowed"], ""]) & ~Q(name=""), "named"),
        stale("source__observed_at", now, ID_15.freshness_days),
        no_data(Q(source_id__in=lists.filter(old).values("source_id")), Reason.STALE),
        failing(Q(wide=True), "full_access"),
        no_data(Q(left_open=True), "conditions"),
        no_data(Q(lost=True), "policy_unknown"),
        met(Q(wide=False)),
    ]
    counted = wide.order_by().values("identity_id").annotate(n=Count("pk")).values("n")
    evidence = {
        "operations": Coalesce(Subquery(counted), 0),
        "by": Subquery(wide.order_by("via", "pk").values("via")[:1]),
        "left_open": Subquery(unknown.order_by("not_evaluated", "pk").values("not_evaluated")[:1]),
        "expected": text("the operations that the work takes, on the assets it is about"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


ID_15 = CheckSpec(
    id="ID-15",
    title="Nobody has full access to AI services",
    question="Is the account's access to AI given for named operations, and not for everything a service can do?",
    subject_kind="identity",
    severity="high",
    pillar="identity",
    function="I Access",
    refs=(nist("AC-6"), atlas("AML.T0012")),
    parameters=(Parameter("allowed", "Accounts that may have it, by name", "list", []),),
    subjects=told,
    outcome=_outcome,
    why="Who may do everything may also copy the weights, change the guardrails and delete the endpoint. A wildcard "
    "grows with every new operation of the service, and nobody decides about it.",
    fix=(
        FixStep("AWS", "List what the role used, and write a policy of those actions on those ARNs.",
                "aws iam generate-service-last-accessed-details --arn ARN"),
        FixStep("AWS", "Take the wildcard policy off the user, group or role that the evidence names.",
                "aws iam detach-role-policy --role-name NAME --policy-arn ARN"),
        FixStep("MLflow", "Take the administrator flag away, and give permissions on the models they work on."),
        FixStep("This portal", "Let people ask for the rare operations instead: Access, Request."),
    ),
    effort="Hours per role",
    impact="Rare operations have to be asked for",
    data="Policies of users, groups and roles (AWS IAM authorization details), permissions (MLflow)",
    reasons={
        "named": "It is named as one that may have it",
        "full_access": "A policy gives every operation of an AI service on everything",
        "conditions": "A policy gives everything on a condition that is not evaluated",
        "policy_unknown": "A policy of it is not in the export, or cannot be read",
    },
)  # fmt: skip
