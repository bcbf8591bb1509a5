"""Checks about observed access: ID-03 (unused). NIST SP 800-53 r5 AC-2(3), AC-6(7)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.inventory.models import Coverage, Identity
from apps.inventory.queries.ai_access import LABEL, reaching_ai
from apps.inventory.states import UseState
from apps.posture.checks.refs import nist
from apps.posture.outcomes import failing, iso, judge, met, no_data, stale, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params
from apps.posture.states import Reason


def holders() -> QuerySet[Identity]:
    """Return the accounts that hold access which reaches AI, or may."""
    held = reaching_ai().values("identity_id")
    return Identity.objects.counted().filter(pk__in=held, source__retired_at__isnull=True)


def _use_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the last use of each of an account's entitlements; where no source tells it, the account's last use.

    An account that was not used used none of its access. One that was used may have used any of it or none, so what it
    holds is then not evaluated. Access younger than the limit cannot have been unused for so long.
    """
    limit = now - timedelta(days=params["days"])
    mine = reaching_ai().filter(identity_id=OuterRef("pk"))
    unused = mine.filter(last_used_at__lt=limit)
    told = Q(last_used_at__isnull=False) | Q(granted_at__gte=limit)
    subjects = subjects.alias(unused=_holds(unused), untold=_holds(mine.exclude(told)))
    old = Coverage.objects.filter(
        record_kind__in=("identity", "entitlement"), observed_at__lt=now - timedelta(days=ID_03.freshness_days)
    )
    cases = [
        stale("source__observed_at", now, ID_03.freshness_days),
        no_data(Q(source_id__in=old.values("source_id")), Reason.STALE),
        failing(Q(unused=True), "unused"),
        met(Q(untold=False)),
        failing(Q(use_state=UseState.USED, last_used_at__lt=limit), "account_unused"),
        failing(Q(use_state=UseState.NEVER, created_on_source_at__lt=limit), "never_used"),
        met(Q(use_state=UseState.NEVER, created_on_source_at__gte=limit), "new_account"),
        no_data(Q(use_state=UseState.NEVER), "age_unknown"),
        no_data(Q(untold=True), "use_unknown"),
    ]
    named = unused.order_by("last_used_at", "pk")
    evidence = {
        "held": Coalesce(_count(mine), 0),
        "unused": Coalesce(_count(unused), 0),
        "longest_unused": Subquery(named.values("operation")[:1]),
        "longest_unused_in": Subquery(named.values("scope")[:1]),
        "account_last_used_at": iso("last_used_at"),
        "account_use": F("use_state"),
        "expected": text(f"all access used within {params['days']} days"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


def _holds(rows: QuerySet[Any]) -> ExpressionWrapper:
    return ExpressionWrapper(Exists(rows), output_field=BooleanField())


def _count(rows: QuerySet[Any]) -> Subquery:
    return Subquery(rows.order_by().values("identity_id").annotate(n=Count("pk")).values("n"))


ID_03 = CheckSpec(
    id="ID-03",
    title="Access that nobody uses is taken away",
    question="Was all access of this account that reaches AI used within the allowed days?",
    subject_kind="identity",
    severity="high",
    pillar="identity",
    function="I Access",
    refs=(nist("AC-2(3)"), nist("AC-6(7)")),
    parameters=(Parameter("days", "Days without use", "int", 90, 1, 730, "days"),),
    subjects=holders,
    outcome=_use_outcome,
    why="Access that is not needed only helps whoever takes the account over, and nobody misses it when it is gone.",
    fix=(
        FixStep("Microsoft Entra", "Remove the role assignment; the person asks again when they need it.",
                "Remove-MgRoleManagementDirectoryRoleAssignment -UnifiedRoleAssignmentId ID"),
        FixStep("MLflow", "Remove the permission on the registered model."),
        FixStep("This portal", "Let the person ask for hours instead: Access, Request."),
    ),
    effort="Minutes per account",
    impact="The holder asks again when they need it",
    data="Entitlements with their last use, or accounts with their last sign-in (Microsoft Graph signInActivity)",
    reasons={
        "unused": "Access was not used within the allowed days",
        "account_unused": "The account was not used within the allowed days, so its access was not either",
        "never_used": "The account was never used, and is older than the allowed days",
        "new_account": "The account was never used yet, but is new",
        "age_unknown": "The account was never used, and its age is not known",
        "use_unknown": "No source tells whether the access is used",
    },
)  # fmt: skip
