"""Checks about grants: ID-07 (too long), ID-08 (over, and still there). NIST SP 800-53 AC-12 and AC-2(2)."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.access.models import Grant
from apps.access.states import LIVE_GRANTS, GrantState, Presence
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset
from apps.posture.outcomes import failing, iso, judge, met, no_data, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params, Ref

PRIVILEGED = tuple(sorted(key for key, operation in OPERATIONS.items() if operation.privileged))
EDITION = "Revision 5 (5.1.1)"


def nist(control: str) -> Ref:
    """Return a control of NIST SP 800-53."""
    return Ref("nist-sp800-53", EDITION, control)


def holds(condition: Any) -> ExpressionWrapper:
    """Return a condition as an expression that several cases can name."""
    return ExpressionWrapper(condition, output_field=BooleanField())


def assets_with(grants: QuerySet[Grant]) -> QuerySet[Any]:
    """Return the present assets that one of the grants is about."""
    return Asset.objects.present().filter(Exists(grants.filter(asset_id=OuterRef("pk"))))


def newest_of(grants: QuerySet[Grant]) -> Subquery:
    """Return the number of the newest of the grants of an asset, for evidence."""
    mine = grants.filter(asset_id=OuterRef("pk")).order_by().values("asset_id")
    return Subquery(mine.annotate(newest=Max("number")).values("newest"))


def privileged_grants() -> QuerySet[Grant]:
    """Return the live grants of privileged operations."""
    return Grant.objects.filter(state__in=LIVE_GRANTS, operation__in=PRIVILEGED)


def _length_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the longest live privileged grant of each asset; how long each may last is written on it."""
    long = privileged_grants().filter(minutes__gt=params["hours"] * 60)
    subjects = subjects.alias(too_long=holds(Exists(long.filter(asset_id=OuterRef("pk")))))
    longest = privileged_grants().filter(asset_id=OuterRef("pk")).order_by().values("asset_id")
    evidence = {
        "longest_minutes": Subquery(longest.annotate(longest=Max("minutes")).values("longest")),
        "newest_too_long_grant": Coalesce(newest_of(long), 0),
        "expected": text(f"at most {params['hours']} hours at a time"),
    }
    cases = [failing(Q(too_long=True), "too_long"), met(Q(too_long=False))]
    return judge(subjects, cases, evidence=evidence, label=F("name"))


ID_07 = CheckSpec(
    id="ID-07",
    title="Privileged access is short",
    question="Does all privileged access that was granted here last no longer than the allowed hours?",
    subject_kind="asset",
    severity="medium",
    pillar="identity",
    function="I Access",
    refs=(nist("AC-12"),),
    parameters=(Parameter("hours", "Longest privileged access", "int", 8, 1, 24, "hours"),),
    subjects=lambda: assets_with(privileged_grants()),
    outcome=_length_outcome,
    why="What is open all day is open to whoever takes over the session. Short access has to be asked for again.",
    fix=(
        FixStep("This portal", "Revoke the grant, and let its holder ask for the hours the work takes."),
        FixStep("This portal", "Lower the longest time of the tier in the access policies."),
    ),
    effort="Minutes per grant",
    impact="The holder asks again for work that takes longer",
    data="Grants of this portal that live now",
    reasons={"too_long": "A live privileged grant lasts longer than allowed"},
)


def _given() -> QuerySet[Grant]:
    """Return grants whose access was given, or may have been, at some time."""
    return Grant.objects.filter(Q(activated_at__isnull=False) | Q(state=GrantState.ENDING))


def _gone_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge what was seen at the target of grants that are over; not seen is not the same as gone."""
    limit = now - timedelta(minutes=params["minutes"])
    over = Grant.objects.filter(
        Q(state=GrantState.ENDING, ending_at__lt=limit)
        | Q(state__in=[GrantState.ACTIVE, GrantState.SUSPENDED], expires_at__lt=limit)
    )
    there, unseen = over.filter(observed=Presence.PRESENT), over.filter(observed=Presence.UNKNOWN)
    subjects = subjects.alias(
        there=holds(Exists(there.filter(asset_id=OuterRef("pk")))),
        unseen=holds(Exists(unseen.filter(asset_id=OuterRef("pk")))),
    )
    since = there.filter(asset_id=OuterRef("pk")).order_by("expires_at")
    evidence = {
        "newest_grant": Coalesce(newest_of(over), 0),
        "over_since": iso(Subquery(since.values("expires_at")[:1])),
        "expected": text(f"seen gone at the target within {params['minutes']} minutes"),
    }
    cases = [
        failing(Q(there=True), "still_there"),
        no_data(Q(unseen=True), "not_seen"),
        met(Q(there=False, unseen=False)),
    ]
    return judge(subjects, cases, evidence=evidence, label=F("name"))


ID_08 = CheckSpec(
    id="ID-08",
    title="Access that is over is gone at the target",
    question="Was all access that ended here seen gone at its target within the allowed minutes?",
    subject_kind="asset",
    severity="critical",
    pillar="identity",
    function="I O",
    refs=(nist("AC-2(2)"),),
    parameters=(Parameter("minutes", "Minutes until it is seen gone", "int", 15, 1, 1440, "minutes"),),
    subjects=lambda: assets_with(_given()),
    outcome=_gone_outcome,
    why="Access that ended here and stands at the target is standing access that nobody looks at.",
    fix=(
        FixStep("This portal", "Open the grant: its receipts tell what the target answered. Repair the connection."),
        FixStep("Any", "Take the access away at the target by hand; the portal looks again within minutes."),
    ),
    effort="Minutes per grant",
    impact="None: the access is over",
    data="Grants of this portal with what was last seen at their targets",
    reasons={
        "still_there": "Access that is over was last seen at the target",
        "not_seen": "Access is over; what the target shows is not known",
    },
)
