"""Checks over reviews: ID-11 (overdue), ID-12 (revoked, and still there). NIST AC-6(7), AC-2(3); ISO 42001 A.9.2."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Cast, Coalesce, Replace

from apps.access.models import Grant
from apps.access.states import GrantState, Presence
from apps.core.facts import Fact
from apps.inventory.models import Asset, Coverage, Entitlement
from apps.inventory.records import ENTITLEMENT
from apps.posture.outcomes import failing, judge, met, no_data, not_applicable, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params, Ref
from apps.posture.states import Reason
from apps.reviews.models import Item, Removal
from apps.reviews.models.removal import RemovalQuerySet
from apps.reviews.states import ANSWERED_ITEMS, REMOVING, ItemState, SubjectKind


def _nist(control: str) -> Ref:
    """Return a control of NIST SP 800-53."""
    return Ref("nist-sp800-53", "Revision 5 (5.1.1)", control)


def _holds(condition: Any) -> ExpressionWrapper:
    """Return a condition as an expression that several cases can name."""
    return ExpressionWrapper(condition, output_field=BooleanField())


def _standing() -> QuerySet[Entitlement]:
    """Return what a review would take in of standing access (`queries.subjects.entitlements`), ended or not."""
    rows = Entitlement.objects.present().exclude(on_ai=Fact.NO).filter(identity__gone_at__isnull=True)
    return rows.exclude(identity__enabled=Fact.NO).filter(source__retired_at__isnull=True)


def _on_asset(now: datetime) -> QuerySet[Entitlement]:
    lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return _standing().filter(lasting, asset_id=OuterRef("pk"))


def _answers() -> QuerySet[Item]:
    """Return the sealed items about an entitlement of the query around."""
    number = Replace(Cast(OuterRef("pk"), TextField()), Value("-"), Value(""))
    return Item.objects.filter(subject_kind=SubjectKind.ENTITLEMENT, subject_id=number, state__in=ANSWERED_ITEMS)


def _stale(limit: datetime) -> Q:
    """Return whether the source of an entitlement, or its list of access, was read too long ago."""
    lists = Coverage.objects.filter(source_id=OuterRef("source_id"), record_kind=ENTITLEMENT, observed_at__lt=limit)
    return Q(source__observed_at__isnull=True) | Q(source__observed_at__lt=limit) | Q(Exists(lists))


def _overdue_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge when people last answered for each standing access. The default is nobody's answer; access that stands for
    less than the period is not due yet, and where its age is not known, neither is that.
    """
    limit, old = now - timedelta(days=params["days"]), now - timedelta(days=ID_11.freshness_days)
    by_people = _answers().filter(defaulted=False)
    todo = _on_asset(now).filter(~Exists(by_people.filter(decided_at__gte=limit)))
    due = todo.filter(Q(granted_at__lt=limit) | Q(granted_at__isnull=True, first_seen_at__lt=limit))
    defaulted = _answers().filter(defaulted=True, decided_at__gte=limit)
    subjects = subjects.alias(
        there=_holds(Exists(_on_asset(now))),
        old=_holds(Exists(_on_asset(now).filter(_stale(old)))),
        by_default=_holds(Exists(due.filter(Exists(defaulted)))),
        never=_holds(Exists(due.filter(~Exists(by_people)))),
        late=_holds(Exists(due)),
        ageless=_holds(Exists(todo.filter(granted_at__isnull=True))),
        early=_holds(Exists(todo)),
    )
    evidence = {
        "standing_access": _number(_on_asset(now)),
        "not_reviewed_in_time": _number(due),
        "expected": text(f"answered for by a person within {params['days']} days"),
    }
    cases = [
        not_applicable(Q(there=False), "access_ended"),
        no_data(Q(old=True), Reason.STALE),
        failing(Q(by_default=True), "nobody_answered"),
        failing(Q(never=True), "never_reviewed"),
        failing(Q(late=True), "overdue"),
        no_data(Q(ageless=True), "age_unknown"),
        met(Q(early=True), "not_due"),
        met(Q(early=False)),
    ]
    return judge(subjects, cases, evidence=evidence, label=F("name"))


def _number(rows: QuerySet[Any]) -> Coalesce:
    """Return how many of the rows of an asset there are."""
    counted = rows.order_by().values("asset_id").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


ID_11 = CheckSpec(
    id="ID-11",
    title="Standing access is reviewed",
    question="Did a person answer for all standing access to the asset within the allowed days?",
    subject_kind="asset",
    severity="high",
    pillar="identity",
    function="I G",
    refs=(_nist("AC-6(7)"), Ref("iso-iec-42001", "2023", "A.9.2")),
    parameters=(Parameter("days", "Longest time between reviews", "int", 90, 1, 730, "days"),),
    subjects=lambda: Asset.objects.present().filter(Exists(_standing().filter(asset_id=OuterRef("pk")))),
    outcome=_overdue_outcome,
    why="Access that was right once is kept when people change their work. Only somebody who looks finds it.",
    fix=(
        FixStep("This portal", "Open a review with this asset in its scope, and let it recur every quarter."),
        FixStep("This portal", "Where nobody answered, name other reviewers: a default is nobody's answer."),
    ),
    effort="Minutes per asset with its owner",
    impact="None; what is revoked is removed",
    data="Entitlements on assets, and the sealed answers of reviews of this portal",
    reasons={
        "access_ended": "All standing access has ended",
        "nobody_answered": "Its review ended without an answer of a person",
        "never_reviewed": "Access stands longer than allowed and was never reviewed",
        "overdue": "The last review is longer ago than allowed",
        "age_unknown": "No source tells since when access stands that was not reviewed",
        "not_due": "Some access is newer than the time between reviews, and not due yet",
    },
)


def _subject(kind: SubjectKind, field: Any) -> Case:
    """Return the subject's id of a removal's item as a key; other kinds have none to cast."""
    return Case(When(item__subject_kind=kind, then=Cast("item__subject_id", field)), output_field=field)


def _removals() -> RemovalQuerySet:
    """Return removals of access to an asset, with the keys of what they are about."""
    rows: RemovalQuerySet = Removal.objects.filter(item__asset__isnull=False)
    return rows.annotate(
        of_access=_subject(SubjectKind.ENTITLEMENT, UUIDField()),
        of_grant=_subject(SubjectKind.GRANT, BigIntegerField()),
    )


def _shown(since: str) -> Exists:
    """Return whether the source shows the access still, in an import made after an instant of the removal."""
    rows = Entitlement.objects.present().filter(pk=OuterRef("of_access"))
    later = Coverage.objects.filter(source_id=OuterRef("source_id"), record_kind=ENTITLEMENT)
    return Exists(rows.filter(Exists(later.filter(observed_at__gt=OuterRef(OuterRef(since))))))


def _assets(rows: QuerySet[Removal]) -> Q:
    """Return the condition on an asset that one of the removals is about it."""
    return Q(pk__in=rows.order_by().values("item__asset_id"))


def _gone_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge what was seen since of all that reviews revoked or reduced; not seen is not the same as gone.

    Access that stays because its risk was accepted is access that is there; so is access that came back, until it was
    decided on anew.
    """
    limit = now - timedelta(days=params["days"])
    unproven = _removals().unproven()
    late = unproven.filter(asked_at__lt=limit)
    grants = Grant.objects.filter(pk=OuterRef("of_grant")).exclude(state=GrantState.ENDED)
    there = late.filter(_shown("asked_at") | Exists(grants.filter(observed=Presence.PRESENT)))
    gone = ~Exists(Entitlement.objects.present().filter(pk=OuterRef("of_access"))) & ~Exists(grants)
    unseen = late.filter(~gone)
    newer = Item.objects.filter(
        subject_kind=OuterRef("item__subject_kind"), subject_id=OuterRef("item__subject_id"),
        number__gt=OuterRef("pk"), state__in=ANSWERED_ITEMS,
    )  # fmt: skip
    back = _removals().filter(_shown("ended_at"), ~Exists(newer), item__state=ItemState.VERIFIED)
    signed = _removals().filter(~gone, ~Exists(newer), item__state=ItemState.RISK_ACCEPTED)
    subjects = subjects.alias(
        there=_holds(_assets(there)),
        back=_holds(_assets(back)),
        signed=_holds(_assets(signed)),
        unseen=_holds(_assets(unseen)),
        waiting=_holds(_assets(unproven)),
    )
    cases = [
        failing(Q(there=True), "still_there"),
        failing(Q(back=True), "came_back"),
        failing(Q(signed=True), "risk_accepted"),
        no_data(Q(unseen=True), "not_seen"),
        met(Q(waiting=True), "in_time"),
        met(Q(waiting=False)),
    ]
    evidence = {"expected": text(f"seen gone at its source within {params['days']} days")}
    return judge(subjects, cases, evidence=evidence, label=F("name"))


ID_12 = CheckSpec(
    id="ID-12",
    title="Access that a review revoked is gone",
    question="Was all access that reviews revoked or reduced seen gone at its source within the allowed days?",
    subject_kind="asset",
    severity="critical",
    pillar="identity",
    function="I O",
    refs=(_nist("AC-6(7)"), _nist("AC-2(3)")),
    parameters=(Parameter("days", "Days until it is seen gone", "int", 3, 1, 90, "days"),),
    subjects=lambda: Asset.objects.present().filter(_assets(Removal.objects.filter(item__decision__in=REMOVING))),
    outcome=_gone_outcome,
    why="A review that revokes and removes nothing is paper: everybody believes that the access is gone.",
    fix=(
        FixStep("This portal", "Open the review: its removals tell what was tried, and what stands in the way."),
        FixStep("Any", "Take the access away at the source and import its next export, which proves it."),
    ),
    effort="Minutes per access",
    impact="None: somebody decided that it is not needed",
    data="Removals of the reviews of this portal, later imports of the sources, and grants with their targets",
    reasons={
        "still_there": "Revoked access is still shown by its source",
        "came_back": "Access came back after it was seen gone, and nobody decided on it anew",
        "risk_accepted": "Revoked access stays: somebody else signed for it until a date",
        "not_seen": "No import since tells whether revoked access is gone",
        "in_time": "Some removals are not proven yet, and not late",
    },
)

CHECKS = (ID_11, ID_12)
