"""The check about how many hold privileged access to one asset: ID-14. NIST AC-6(5), CISA SCuBA MS.AAD.7.1."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.access.checks.grants import holds, nist, privileged_grants
from apps.core.facts import Fact
from apps.inventory.models import Asset, AssetObservation, Coverage, Entitlement
from apps.inventory.queries.ai_access import reaching_and_privileged
from apps.posture.outcomes import failing, judge, met, no_data, text, yes_no
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params
from apps.posture.states import Reason


def _on_asset() -> QuerySet[Entitlement]:
    """Return privileged access to one asset, of accounts that are in a count."""
    rows = reaching_and_privileged().filter(asset_id=OuterRef("pk"), identity__gone_at__isnull=True)
    return rows.exclude(identity__enabled=Fact.NO)


def _grants_on_asset() -> QuerySet[Any]:
    return privileged_grants().filter(asset_id=OuterRef("pk"))


def assets_held() -> QuerySet[Asset]:
    """Return the assets on which somebody holds, or may hold, privileged access."""
    return Asset.objects.present().filter(Exists(_on_asset()) | Exists(_grants_on_asset()))


def _holders_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge how many people (accounts, where no person is known) hold privileged access to the asset itself.

    The subject is the asset, because its owner decides who needs it. Whoever may do everything on a whole server is
    judged with the account by ID-02 and ID-06; here that only counts as a second holder. An asset that nobody holds
    except for a time is not short of holders: others may ask at any time.
    """
    limit = now - timedelta(days=ID_14.freshness_days)
    subjects = subjects.alias(standing=_standing(), granted=_granted()).alias(
        count=F("standing") + F("granted"),
        old=holds(Exists(_on_asset().filter(_stale(limit)))),
        unknown=holds(Exists(_on_asset().filter(privileged=Fact.UNKNOWN))),
        whole=holds(Exists(_whole_server())),
    )
    cases = [
        no_data(Q(old=True), Reason.STALE),
        failing(Q(count__gt=params["most"]), "too_many"),
        no_data(Q(unknown=True), "privileged_unknown"),
        met(Q(standing=0), "only_granted"),
        met(Q(count__gte=params["fewest"])),
        met(Q(whole=True), "administrators"),
        failing(Q(count__lt=params["fewest"]), "too_few"),
    ]
    evidence = {
        "standing_holders": F("standing"),
        "granted_for_a_time": F("granted"),
        "administrators_of_the_source": yes_no(Q(whole=True)),
        "expected": text(f"{params['fewest']} to {params['most']} holders"),
    }
    return judge(subjects, cases, evidence=evidence, label=F("name"))


def _standing() -> Coalesce:
    """Return the number of standing holders of the asset. A person with several accounts is one."""
    known = _on_asset().filter(privileged=Fact.YES)
    people = known.annotate(who=Coalesce("identity__person_id", "identity_id"))
    counted = people.order_by().values("asset_id").annotate(n=Count("who", distinct=True)).values("n")
    return Coalesce(Subquery(counted), 0)


def _granted() -> Coalesce:
    """Return the number of people with a live grant who hold nothing standing beside it."""
    also = reaching_and_privileged().filter(
        asset_id=OuterRef("asset_id"), privileged=Fact.YES, identity__person__user_id=OuterRef("holder_id"),
        identity__gone_at__isnull=True,
    ).exclude(identity__enabled=Fact.NO)  # fmt: skip
    others = _grants_on_asset().exclude(Exists(also))
    counted = others.order_by().values("asset_id").annotate(n=Count("holder_id", distinct=True)).values("n")
    return Coalesce(Subquery(counted), 0)


def _stale(limit: datetime) -> Q:
    """Return the condition on an entitlement that its source, or a list of it, was read too long ago."""
    lists = Coverage.objects.filter(source_id=OuterRef("source_id"), record_kind__in=("identity", "entitlement"))
    read = Q(source__observed_at__isnull=True) | Q(source__observed_at__lt=limit)
    return read | Q(Exists(lists.filter(observed_at__lt=limit)))


def _whole_server() -> QuerySet[AssetObservation]:
    """Return the observations of the asset by a source in which somebody is privileged without naming an asset."""
    wide = reaching_and_privileged().filter(asset_id__isnull=True, on_ai=Fact.YES, privileged=Fact.YES)
    shown = AssetObservation.objects.present().filter(asset_id=OuterRef("pk"))
    return shown.filter(source_id__in=wide.order_by().values("source_id").distinct())


ID_14 = CheckSpec(
    id="ID-14",
    title="A few hold privileged access to an asset, not many",
    question="Is the number of people with privileged access to the asset within the allowed range?",
    subject_kind="asset",
    severity="medium",
    pillar="identity",
    function="I Risk",
    refs=(nist("AC-6(5)"),),
    parameters=(
        Parameter("fewest", "Fewest holders", "int", 2, 0, 3, "people"),
        Parameter("most", "Most holders", "int", 8, 3, 500, "people"),
    ),
    subjects=assets_held,
    outcome=_holders_outcome,
    why="Of many holders one is phished sooner or later; with a single one nobody can act when they are away.",
    fix=(
        FixStep("This portal", "Look at the asset's access; take away what is not needed every week, and let people "
                "ask for it."),
        FixStep("Any", "With a single holder: give a second person the role, or make it requestable here."),
    ),
    effort="An hour per asset with its owner",
    impact="Who needs it now and then asks for it",
    data="Entitlements on assets (MLflow permissions) with the people behind the accounts, and grants of this portal",
    reasons={
        "too_many": "More people hold privileged access than allowed",
        "too_few": "Fewer people hold privileged access than it takes",
        "privileged_unknown": "No source tells whether some of the access is privileged",
        "only_granted": "Privileged access is only granted for a time",
        "administrators": "Few hold it on the asset itself; administrators of its source may act too",
    },
)  # fmt: skip
