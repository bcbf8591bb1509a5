"""Checks about who holds privileged access: ID-02 (which factors) and ID-06 (no end). NIST IA-2, AC-2(6), AC-6(5).

Both ask about an account, the kind of subject that has factors and that holds access wherever its scope is: on one
asset, on a whole server, in a directory. An account bears on each asset it reaches, so the owner of an asset sees the
finding there too. An account counts by what sources show of it, and by live privileged grants of its person here.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.access.checks.grants import holds, nist, privileged_grants
from apps.access.models import Grant
from apps.core.facts import Fact
from apps.inventory.models import Coverage, Entitlement, Factor, Identity
from apps.inventory.queries.ai_access import LABEL, MACHINES, ai_identities, reaching_and_privileged
from apps.posture.outcomes import Judgement, failing, iso, judge, met, no_data, not_applicable, stale, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params, Ref
from apps.posture.states import Reason

#: Kinds of factors that a false sign-in page can pass on. Of any other kind (an AWS report says that there is one, not
#: which; Graph may name one that is new) it is not known whether it resists.
PHISHABLE = (
    "alternateMobilePhone", "hardwareOneTimePasscode", "microsoftAuthenticatorPasswordless",
    "microsoftAuthenticatorPush", "mobilePhone", "officePhone", "sms", "softwareOneTimePasscode",
    "temporaryAccessPass", "totp", "voice",
)  # fmt: skip


def holders() -> QuerySet[Identity]:
    """Return the accounts that hold, or may hold, privileged access; and those of people with a live grant of it."""
    held = Q(pk__in=reaching_and_privileged().values("identity_id"))
    people = privileged_grants().filter(holder__person__isnull=False).values("holder__person")
    granted = Q(person_id__in=people, pk__in=ai_identities().values("pk"))
    return Identity.objects.counted().filter(held | granted, source__retired_at__isnull=True)


def _mine() -> QuerySet[Entitlement]:
    return reaching_and_privileged().filter(identity_id=OuterRef("pk"))


def _grants_of_mine() -> QuerySet[Grant]:
    return privileged_grants().filter(holder__person=OuterRef("person_id"))


def _old(now: datetime, days: int, *kinds: str) -> Judgement:
    """Return the case that one of these lists is old although the source was read lately."""
    old = Coverage.objects.filter(record_kind__in=kinds, observed_at__lt=now - timedelta(days=days))
    return no_data(Q(source_id__in=old.values("source_id")), Reason.STALE)


def _factor_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge which factors are registered: one that resists phishing, and beside it none that does not: a weaker one is
    the way around it. Where a policy of the directory forbids that way, no export tells so; the parameter names it.
    """
    factors = Factor.objects.present().filter(identity_id=OuterRef("pk")).exclude(strength="not_a_factor")
    weaker = factors.exclude(strength="phishing_resistant").exclude(type__in=params["allowed"])
    active = weaker.filter(active=Fact.YES)
    strong = factors.filter(strength="phishing_resistant")
    subjects = subjects.alias(
        privileged=holds(Exists(_mine().filter(privileged=Fact.YES)) | Exists(_grants_of_mine())),
        weaker=holds(Exists(active.filter(type__in=PHISHABLE))),
        unnamed=holds(Exists(active.exclude(type__in=PHISHABLE))),
        undecided=holds(Exists(weaker.filter(active=Fact.UNKNOWN))),
        resistant=holds(Exists(strong.filter(active=Fact.YES))),
        perhaps=holds(Exists(strong.filter(active=Fact.UNKNOWN))),
    )
    cases = [
        not_applicable(Q(kind__in=MACHINES), "not_a_person"),
        not_applicable(Q(password_sign_in=Fact.NO), "no_password"),
        stale("source__observed_at", now, ID_02.freshness_days),
        _old(now, ID_02.freshness_days, "identity", "factor", "entitlement"),
        no_data(Q(privileged=False), "privileged_unknown"),
        failing(Q(weaker=True), "weaker_factor"),
        no_data(Q(unnamed=True), "kind_unknown"),
        no_data(Q(undecided=True), "factor_unknown"),
        met(Q(resistant=True, mfa_known=Fact.YES)),
        no_data(Q(resistant=True), "others_unknown"),
        no_data(Q(perhaps=True), "factor_unknown"),
        failing(Q(mfa_known=Fact.YES), "no_factor"),
    ]
    evidence = {
        "resistant_factor": yes_no(Q(resistant=True)),
        "weaker_factor": yes_no(Q(weaker=True)),
        "factors_known": F("mfa_known"),
        **_held(),
        "expected": text("passkeys, security keys or smart cards, and nothing weaker beside them"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


def _held() -> dict[str, Any]:
    """Return what tells which privileged access the account has: one by name, how many, and how many grants here."""
    mine = _mine().filter(privileged=Fact.YES)
    counted = mine.order_by().values("identity_id").annotate(n=Count("pk")).values("n")
    grants = _grants_of_mine().order_by().values("holder__person").annotate(n=Count("pk")).values("n")
    return {
        "privileged_access": Subquery(mine.order_by("operation", "pk").values("operation")[:1]),
        "privileged_entitlements": Coalesce(Subquery(counted), 0),
        "live_grants_of_person": Coalesce(Subquery(grants), 0),
    }


ID_02 = CheckSpec(
    id="ID-02",
    title="Privileged access only with passkeys or security keys",
    question="Does everyone with privileged access that reaches AI sign in only with factors that resist phishing?",
    subject_kind="identity",
    severity="critical",
    pillar="identity",
    function="I Auth",
    refs=(nist("IA-2(1)"), nist("IA-2(8)"), Ref("mitre-atlas", "5.6.0", "AML.T0012")),
    parameters=(Parameter("allowed", "Weaker factors a policy keeps from privileged sign-in", "list", []),),
    subjects=holders,
    outcome=_factor_outcome,
    why="A false sign-in page takes a password and a code, or a confirmation, in one go. A passkey it cannot take.",
    fix=(
        FixStep("Microsoft Entra", "Register a passkey or security key, then remove the other methods of the account.",
                "Get-MgUserAuthenticationMethod -UserId NAME"),
        FixStep("Microsoft Entra", "Or require phishing-resistant strength for privileged roles by conditional access, "
                "and name the methods that may stay in the parameter of this check."),
        FixStep("AWS", "Register a FIDO2 security key for the user and remove the other device."),
        FixStep("Any", "Or take the privileged access away, and let the person ask for hours of it here."),
    ),
    effort="Under an hour per person",
    impact="Sign-in needs the key, or the device with the passkey",
    data="Accounts with factors by name (Microsoft Graph registration details) and privileged roles",
    reasons={
        "not_a_person": "Not a person",
        "no_password": "Cannot sign in with a password",
        "privileged_unknown": "No source tells whether the access is privileged",
        "weaker_factor": "A factor that can be phished is registered",
        "kind_unknown": "A factor is registered, but no source tells of which kind",
        "factor_unknown": "A factor is named, but no source tells whether it is active",
        "others_unknown": "One factor resists phishing; whether there are others is not known",
        "no_factor": "No second factor is registered",
    },
)  # fmt: skip


def _end_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge whether each privileged entitlement has an end; grants of this portal cannot be without one."""
    mine = _mine()
    standing = mine.filter(privileged=Fact.YES, expires_at__isnull=True)
    subjects = subjects.alias(
        standing=holds(Exists(standing)), unknown=holds(Exists(mine.filter(privileged=Fact.UNKNOWN)))
    )
    oldest = standing.order_by("first_seen_at", "pk")
    evidence = {
        "standing_access": Subquery(oldest.values("operation")[:1]),
        "standing_in": Subquery(oldest.values("scope")[:1]),
        "seen_since": iso(Subquery(oldest.values("first_seen_at")[:1])),
        **_held(),
        "expected": text("an end for all privileged access"),
        "recorded_at": iso("observed_at"),
    }
    cases = [
        stale("source__observed_at", now, ID_06.freshness_days),
        _old(now, ID_06.freshness_days, "identity", "entitlement"),
        failing(Q(standing=True), "standing"),
        no_data(Q(unknown=True), "privileged_unknown"),
        met(Q(standing=False, unknown=False)),
    ]
    return judge(subjects, cases, evidence=evidence, label=LABEL)


ID_06 = CheckSpec(
    id="ID-06",
    title="Privileged access has an end",
    question="Does all privileged access of this account that reaches AI end by itself?",
    subject_kind="identity",
    severity="high",
    pillar="identity",
    function="I Access",
    refs=(nist("AC-6(5)"), nist("AC-2(6)"), Ref("owasp-aisvs", "1.0", "5.2.6")),
    subjects=holders,
    outcome=_end_outcome,
    why="Standing privileged access is there at night, on holiday and after a change of duties: for its holder, and "
    "for whoever takes the account over.",
    fix=(
        FixStep("This portal", "Take the access away at the source, and let its holder ask for hours of it: Access."),
        FixStep("Microsoft Entra", "Replace the permanent assignment by an eligible one that is activated for hours."),
        FixStep("MLflow", "Remove the permission; the portal gives it for the time of a grant."),
    ),
    effort="Minutes per account",
    impact="The holder asks, or activates, before privileged work",
    data="Entitlements with their end (directory roles, MLflow permissions) and grants of this portal",
    reasons={
        "standing": "Privileged access without an end",
        "privileged_unknown": "No source tells whether the access is privileged",
    },
)
