"""Checks about accounts that should no longer be there: ID-04 (stale), ID-05 (left). NIST SP 800-53 AC-2(3), PS-4."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from apps.core.facts import Fact
from apps.inventory.models import Coverage, Identity
from apps.inventory.queries.ai_access import LABEL, ai_identities
from apps.inventory.states import PersonStatus, UseState
from apps.posture.checks.refs import nist
from apps.posture.outcomes import Judgement, failing, iso, judge, met, no_data, stale, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params
from apps.posture.states import Reason

DIRECTORY_FORMATS = ("microsoft-graph",)
DISABLE_AWS = "aws iam delete-login-profile --user-name NAME"
DISABLE_ENTRA = "Update-MgUser -UserId NAME -AccountEnabled:$false"


def _stale_list(now: datetime, days: int) -> Judgement:
    """Return the case that the list of accounts is old although its source was read lately, say for factors only."""
    old = Coverage.objects.filter(record_kind="identity", observed_at__lt=now - timedelta(days=days))
    return no_data(Q(source_id__in=old.values("source_id")), Reason.STALE)


def _stale_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the last use; an account never used counts from its creation."""
    limit = now - timedelta(days=params["days"])
    cases = [
        stale("source__observed_at", now, ID_04.freshness_days),
        _stale_list(now, ID_04.freshness_days),
        met(Q(use_state=UseState.USED, last_used_at__gte=limit)),
        failing(Q(use_state=UseState.USED, last_used_at__lt=limit), "unused"),
        met(Q(use_state=UseState.NEVER, created_on_source_at__gte=limit), "new_account"),
        failing(Q(use_state=UseState.NEVER, created_on_source_at__lt=limit), "never_used"),
        no_data(Q(use_state=UseState.NEVER), "age_unknown"),
    ]
    evidence = {
        "last_used_at": iso("last_used_at"),
        "use": F("use_state"),
        "created_at": iso("created_on_source_at"),
        "expected": text(f"used within {params['days']} days"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


ID_04 = CheckSpec(
    id="ID-04",
    title="No stale account keeps AI access",
    question="Was every account that can reach an AI asset used within the allowed days?",
    subject_kind="identity",
    severity="high",
    pillar="identity",
    function="I Access",
    stage="initial",
    refs=(nist("AC-2(3)"),),
    parameters=(Parameter("days", "Days without use", "int", 45, 1, 730, "days"),),
    subjects=ai_identities,
    outcome=_stale_outcome,
    why="Nobody notices when an account that nobody uses is taken over, and its access is still real.",
    fix=(
        FixStep("AWS", "Remove the console password and deactivate the keys of the user.", DISABLE_AWS),
        FixStep("Microsoft Entra", "Block sign-in of the account; delete it after its retention.", DISABLE_ENTRA),
    ),
    effort="Minutes per account",
    impact="The holder must ask again when they come back",
    data="Accounts with their last sign-in (AWS credential report, Microsoft Graph signInActivity)",
    reasons={
        "unused": "Not used within the allowed days",
        "never_used": "Never used, and older than the allowed days",
        "new_account": "Never used yet, but new",
        "age_unknown": "Never used, and its age is not known",
    },
)


def _left_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge whether the person behind the account is still here."""
    directory = Identity.objects.present().filter(
        person_id=OuterRef("person_id"), source__format__in=DIRECTORY_FORMATS, source__retired_at__isnull=True
    )
    # A person may have several accounts in directories; who still has one that may be enabled is not shut out.
    disabled = Exists(directory.filter(enabled=Fact.NO)) & ~Exists(directory.exclude(enabled=Fact.NO))
    subjects = subjects.alias(disabled_in_directory=ExpressionWrapper(disabled, output_field=BooleanField()))
    left = Q(person__status=PersonStatus.LEFT) | Q(person__ended_on__lt=now.date())
    cases = [
        no_data(Q(person__isnull=True), "no_person"),
        stale("source__observed_at", now, ID_05.freshness_days),
        _stale_list(now, ID_05.freshness_days),
        no_data(left & ~Q(enabled=Fact.YES), "enabled_unknown"),
        failing(left, "left"),
        failing(Q(disabled_in_directory=True, enabled=Fact.YES), "disabled_in_directory"),
        met(Q(person__status=PersonStatus.ACTIVE)),
    ]
    evidence = {
        "person_status": F("person__status"),
        "ended_on": F("person__ended_on"),
        "enabled": F("enabled"),
        "disabled_in_directory": yes_no(Q(disabled_in_directory=True)),
        "expected": text("a person who works here, or an account that is disabled"),
        "recorded_at": iso("observed_at"),
    }
    return judge(subjects, cases, evidence=evidence, label=LABEL)


ID_05 = CheckSpec(
    id="ID-05",
    title="Nobody who left keeps AI access",
    question="Does a person who still works here stand behind every account that can reach an AI asset?",
    subject_kind="identity",
    severity="critical",
    pillar="identity",
    function="I Store",
    stage="initial",
    refs=(nist("PS-4"), nist("AC-2(3)")),
    subjects=ai_identities,
    outcome=_left_outcome,
    why="A leaver with a live account takes models and data along, and no manager looks after the account any more.",
    fix=(
        FixStep("Microsoft Entra", "Block sign-in and revoke the sessions of the account.", DISABLE_ENTRA),
        FixStep("AWS", "Remove password and keys of the user.", DISABLE_AWS),
        FixStep("Any", "Let the HR system disable accounts on the last working day."),
    ),
    effort="Minutes per account",
    impact="None for people who still work here",
    data="People with start and end (HR export), joined to accounts by login or mail",
    reasons={
        "no_person": "No person is known behind this account",
        "enabled_unknown": "The person left; whether the account is enabled is not known",
        "left": "The person left, the account is enabled",
        "disabled_in_directory": "Disabled in the directory, enabled here",
    },
)
