"""Checks about outsiders: ID-16 (guests and other accounts on confidential assets). NIST SP 800-53 r5 AC-2, AC-3."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from apps.core.facts import Fact
from apps.governance.tiers import SENSITIVE_WORDS
from apps.inventory.models import Coverage, Entitlement, Identity
from apps.inventory.queries.ai_access import LABEL, reaching_ai
from apps.inventory.states import IdentityKind
from apps.posture.checks.policies import holds
from apps.posture.checks.refs import nist
from apps.posture.outcomes import failing, iso, judge, met, no_data, stale, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params
from apps.posture.states import Reason

WORDS = ("confidential", "secret", *SENSITIVE_WORDS)


def outsiders() -> QuerySet[Identity]:
    """Return the guests and the accounts that outsiders may take, with access to AI or of a source that tells none."""
    outside = Q(kind=IdentityKind.GUEST) | Q(external=Fact.YES)
    reaching = Q(source__brings_ai_entitlements=False) | Q(pk__in=reaching_ai().values("identity_id"))
    return Identity.objects.counted().filter(outside & reaching, source__retired_at__isnull=True)


def _confidential(params: Params) -> Q:
    """Return the condition that an asset, or the model of a version, is confidential by its words or its tier."""
    said: list[Q] = []
    for path in ("asset", "asset__parent"):
        no = Q(**{f"{path}__classification__istartswith": "non"}) | Q(**{f"{path}__classification__istartswith": "no "})
        words = [Q(**{f"{path}__classification__icontains": word}) for word in params["words"]]
        if words:
            said.append(reduce(or_, words) & ~no)
        said.append(Q(**{f"{path}__tier__lte": params["tier"]}))
    return reduce(or_, said)


def _held(rows: QuerySet[Entitlement]) -> tuple[QuerySet[Entitlement], QuerySet[Entitlement]]:
    """Return the rows of the account itself, and those of other accounts of the same person."""
    return rows.filter(identity_id=OuterRef("pk")), rows.filter(identity__person_id=OuterRef("person_id"))


def _outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the assets that an outsider reaches; a scope that names no asset and an unclassified asset are open."""
    access = reaching_ai()
    bare = Q(asset__classification="", asset__tier__isnull=True)
    bare &= Q(asset__parent__isnull=True) | Q(asset__parent__classification="", asset__parent__tier__isnull=True)
    asked = {
        "confidential": access.filter(_confidential(params)),
        "unplaced": access.filter(asset__isnull=True),
        "unclassified": access.filter(bare, asset__isnull=False),
    }
    for name, rows in asked.items():
        own, others = _held(rows)
        subjects = subjects.alias(**{f"{name}_own": holds(own), f"{name}_others": holds(others)})
    lists = Coverage.objects.filter(record_kind__in=("identity", "entitlement"))
    old = stale("observed_at", now, ID_16.freshness_days).condition
    cases = [
        stale("source__observed_at", now, ID_16.freshness_days),
        no_data(Q(source_id__in=lists.filter(old).values("source_id")), Reason.STALE),
        failing(Q(confidential_own=True) | Q(confidential_others=True), "confidential"),
        no_data(Q(unplaced_own=True) | Q(unplaced_others=True), "scope_unknown"),
        no_data(Q(unclassified_own=True) | Q(unclassified_others=True), "not_classified"),
        no_data(Q(source__brings_ai_entitlements=False), "access_unknown"),
        met(Q(confidential_own=False)),
    ]
    mine = asked["confidential"].filter(identity_id=OuterRef("pk")).order_by("asset__name", "pk")
    evidence = {
        "kind": F("kind"),
        "taken_from_outside": F("external"),
        "asset": Subquery(mine.values("asset__name")[:1]),
        "operation": Subquery(mine.values("operation")[:1]),
        "by": Subquery(mine.values("via")[:1]),
        "over_another_account": yes_no(Q(confidential_own=False, confidential_others=True)),
        "expected": text("people and accounts of the organisation on confidential assets"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


ID_16 = CheckSpec(
    id="ID-16",
    title="No outsider reaches confidential assets",
    question="Does this guest, or this account that outsiders may take, reach no confidential AI asset?",
    subject_kind="identity",
    severity="high",
    pillar="identity",
    function="I Store",
    refs=(nist("AC-2"), nist("AC-3")),
    parameters=(
        Parameter("words", "Words of a classification that mean confidential", "list", list(WORDS)),
        Parameter("tier", "Assets of this tier or stricter are confidential too (0: none)", "int", 1, 0, 3),
    ),
    subjects=outsiders,
    outcome=_outcome,
    why="Nobody here learns when an outsider changes jobs or loses a key, and their access outlives the contract.",
    fix=(
        FixStep("AWS", "Take the foreign account out of the trust policy, or bind it with an external id.",
                "aws iam update-assume-role-policy --role-name NAME --policy-document file://trust.json"),
        FixStep("AWS", "If the account is yours, name it when importing: own_accounts=NUMBER."),
        FixStep("Microsoft Entra", "Remove the guest from the group or role, or delete the guest.",
                "Remove-MgUser -UserId NAME"),
        FixStep("This portal", "Give outsiders access for hours, with an approver: Access, Request."),
    ),
    effort="Minutes per account",
    impact="The outsider asks again for the hours they work",
    data="Guests (Microsoft Graph), trust policies (AWS IAM authorization details), classifications of assets",
    reasons={
        "confidential": "It reaches a confidential asset",
        "scope_unknown": "Its access names no single asset, so what it reaches is not known",
        "not_classified": "It reaches an asset that nobody classified",
        "access_unknown": "Its source does not tell what it may do",
    },
)  # fmt: skip
