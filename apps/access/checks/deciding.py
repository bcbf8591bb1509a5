"""Checks about decisions: ID-09 (step-up), ID-10 (duties), ID-13 (emergency review). NIST IA-11, AC-5, AC-6, AU-6."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from apps.access.checks.grants import assets_with, holds, newest_of, nist
from apps.access.models import Grant, Vote
from apps.access.queries.persons import person_of
from apps.access.states import AfterReviewState, Choice
from apps.core.actor import Strength
from apps.posture.outcomes import failing, judge, met, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params

#: Operations after which nothing can be taken back, or everybody gets something else: each decision needs a step-up.
STEP_UP = ("data.export", "guardrail.change", "model.deploy", "model.promote", "model.sign", "weights.export")
STRONG = (Strength.SECOND_FACTOR.value, Strength.PHISHING_RESISTANT.value)
DAYS = Parameter("days", "Days looked back", "int", 90, 1, 730, "days")


def _step_up_grants() -> QuerySet[Grant]:
    return Grant.objects.filter(operation__in=STEP_UP, request__isnull=False)


def _approvals() -> QuerySet[Vote]:
    return Vote.objects.filter(request_id=OuterRef("request_id"), choice=Choice.APPROVE)


def _step_up_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the proof that each approver gave for grants of the period; emergency access proves itself otherwise."""
    asked = _step_up_grants().filter(created_at__gte=now - timedelta(days=params["days"]))
    weak = asked.filter(Exists(_approvals().exclude(strength__in=STRONG)))
    alone = asked.filter(~Exists(_approvals()))
    subjects = subjects.alias(
        weak=holds(Exists(weak.filter(asset_id=OuterRef("pk")))),
        alone=holds(Exists(alone.filter(asset_id=OuterRef("pk")))),
    )
    evidence = {
        "newest_without": Coalesce(newest_of(weak), newest_of(alone), 0),
        "expected": text("approved by somebody with a second factor"),
    }
    cases = [
        failing(Q(weak=True), "weak_proof"),
        failing(Q(alone=True), "nobody_approved"),
        met(Q(weak=False, alone=False)),
    ]
    return judge(subjects, cases, evidence=evidence, label=F("name"))


ID_09 = CheckSpec(
    id="ID-09",
    title="Deployments and exports are approved with a second factor",
    question="Did everybody who approved a deployment or an export prove a second factor for it?",
    subject_kind="asset",
    severity="high",
    pillar="identity",
    function="I Auth",
    refs=(nist("IA-11"),),
    parameters=(DAYS,),
    subjects=lambda: assets_with(_step_up_grants()),
    outcome=_step_up_outcome,
    why="A stolen session that can ship a model or copy its weights does what cannot be taken back.",
    fix=(
        FixStep(
            "This portal", "Give the tier of this operation a route with an approver: Setup, Policies, Who approves."
        ),
        FixStep("This portal", "Look at the grant with its approver, and revoke it where nobody stands behind it."),
    ),
    effort="Minutes",
    impact="Approvers confirm their second factor",
    data="Votes of this portal with the proof that stood behind each",
    reasons={
        "weak_proof": "Somebody approved without a second factor",
        "nobody_approved": "It was given without an approval",
    },
)


def _begun() -> QuerySet[Grant]:
    return Grant.objects.filter(activated_at__isnull=False)


def _duty_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge who approved, and who trained and shipped, within the period; two accounts of a person are one."""
    begun = _begun().filter(activated_at__gte=now - timedelta(days=params["days"]))
    votes = _approvals().alias(
        voting=person_of("voter"), asking=person_of("request__requester"), gaining=person_of("request__beneficiary")
    )
    account = Q(voter_id=F("request__requester_id")) | Q(voter_id=F("request__beneficiary_id"))
    person = Q(voting=F("asking")) | Q(voting=F("gaining"))
    own = begun.filter(Exists(votes.filter(account | person)))
    # The person who ships is looked up once, not again for each grant that trained.
    shipped = begun.filter(operation__in=("model.promote", "model.deploy")).alias(shipping=person_of("holder"))
    trained = begun.filter(operation="train.run", asset_id=OuterRef("asset_id")).alias(training=person_of("holder"))
    same = Q(holder_id=OuterRef("holder_id")) | Q(training=OuterRef("shipping"))
    both = shipped.filter(Exists(trained.filter(same)))
    subjects = subjects.alias(
        own=holds(Exists(own.filter(asset_id=OuterRef("pk")))),
        both=holds(Exists(both.filter(asset_id=OuterRef("pk")))),
    )
    evidence = {
        "newest_own_approval": Coalesce(newest_of(own), 0),
        "newest_train_and_ship": Coalesce(newest_of(both), 0),
        "expected": text("two persons: who asks and who approves, who trains and who ships"),
    }
    cases = [
        failing(Q(own=True), "own_approval"),
        failing(Q(both=True), "trains_and_ships"),
        met(Q(own=False, both=False)),
    ]
    return judge(subjects, cases, evidence=evidence, label=F("name"))


ID_10 = CheckSpec(
    id="ID-10",
    title="Nobody approves their own access, or trains and ships",
    question="Was all access approved by somebody else, and did nobody both train and promote or deploy the asset?",
    subject_kind="asset",
    severity="high",
    pillar="identity",
    function="I G",
    refs=(nist("AC-5"),),
    parameters=(DAYS,),
    subjects=lambda: assets_with(_begun()),
    outcome=_duty_outcome,
    why="One person who can do both can ship a poisoned model, and nobody else has looked at it.",
    fix=(
        FixStep("This portal", "Revoke the grant. Have the version validated by somebody who did not train it."),
        FixStep("This portal", "Where it was emergency access, say so in its review."),
    ),
    effort="Hours: somebody else looks at the version",
    impact="The next release waits for a second person",
    version=2,
    data="Requests, votes and grants of this portal, and the people behind its users",
    reasons={
        "own_approval": "Somebody approved access of their own",
        "trains_and_ships": "The same person trained it and brought it to production",
    },
)


def _emergencies() -> QuerySet[Grant]:
    return Grant.objects.filter(emergency=True)


def _review_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge whether each use was reviewed; one that is not yet late is in time."""
    reviewed = ~Q(break_glass__after_review__state=AfterReviewState.OPEN) & Q(break_glass__after_review__isnull=False)
    waiting = _emergencies().exclude(reviewed)
    late = waiting.filter(created_at__lt=now - timedelta(days=params["review_days"]))
    subjects = subjects.alias(
        late=holds(Exists(late.filter(asset_id=OuterRef("pk")))),
        waiting=holds(Exists(waiting.filter(asset_id=OuterRef("pk")))),
    )
    evidence = {
        "newest_late": Coalesce(newest_of(late), 0),
        "review_open": yes_no(Q(waiting=True)),
        "expected": text(f"reviewed within {params['review_days']} days by somebody uninvolved"),
    }
    cases = [
        failing(Q(late=True), "not_reviewed"),
        met(Q(waiting=True), "review_in_time"),
        met(Q(waiting=False)),
    ]
    return judge(subjects, cases, evidence=evidence, label=F("name"))


ID_13 = CheckSpec(
    id="ID-13",
    title="Emergency access is reviewed",
    question="Was every use of emergency access reviewed within the allowed days?",
    subject_kind="asset",
    severity="high",
    pillar="identity",
    function="I G",
    refs=(nist("AC-6(9)"), nist("AU-6")),
    parameters=(Parameter("review_days", "Days until the review", "int", 2, 1, 30, "days"),),
    subjects=lambda: assets_with(_emergencies()),
    outcome=_review_outcome,
    why="Emergency access skips every approval. Only the review tells an emergency from a habit, or from a theft.",
    fix=(FixStep("This portal", "Open the review under Access and say whether the use was justified, and why."),),
    effort="Minutes per use",
    impact="None; until then its holder has no further emergency access",
    data="Uses of emergency access with their reviews",
    reasons={
        "not_reviewed": "Emergency access was not reviewed in time",
        "review_in_time": "The review is open, and not late yet",
    },
)
