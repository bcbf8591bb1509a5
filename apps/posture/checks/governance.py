"""Checks about the inventory itself: GV-01 (owner), GV-02 (seen), GV-07 (sources). NIST SP 800-53 r5 CM-8, CA-7."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, Trim

from apps.inventory.models import Asset, Import, Source
from apps.inventory.states import AssetKind, ImportState, PersonStatus
from apps.posture.checks.refs import iso42001, nist
from apps.posture.outcomes import failing, iso, judge, met, no_data, text
from apps.posture.spec import CheckSpec, FixStep, Parameter, Params

#: A version and a training job are governed through the asset they belong to.
PARTS = (AssetKind.MODEL_VERSION, AssetKind.TRAINING_JOB)
ASSET_LABEL = Trim(Concat("name", Value(" "), "version", output_field=CharField()))


def governed_assets() -> QuerySet[Asset]:
    """Return the assets that somebody must own."""
    return Asset.objects.present().exclude(kind__in=PARTS)


def _owner_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge the confirmed owner; what a source claims confers nothing."""
    left = Q(owner__status=PersonStatus.LEFT) | Q(owner__ended_on__lt=now.date())
    cases = [
        failing(Q(owner__isnull=True), "no_owner"),
        failing(Q(owner_confirmed_at__isnull=True), "not_confirmed"),
        failing(left, "owner_left"),
        met(Q(owner__status=PersonStatus.ACTIVE)),
        no_data(Q(owner__status=PersonStatus.UNKNOWN), "status_unknown"),
    ]
    evidence = {
        "owner": F("owner__name"),
        "owner_status": F("owner__status"),
        "confirmed_at": iso("owner_confirmed_at"),
        "expected": text("a confirmed owner who works here"),
    }
    return judge(subjects, cases, evidence=evidence, label=ASSET_LABEL)


GV_01 = CheckSpec(
    id="GV-01",
    title="Every AI asset has an active owner",
    question="Is a person who works here confirmed as the owner of the asset?",
    subject_kind="asset",
    severity="high",
    pillar="governance",
    function="Da G",
    stage="initial",
    refs=(nist("CM-8(4)"), iso42001("A.3.2")),
    subjects=governed_assets,
    outcome=_owner_outcome,
    why="Without an owner nobody decides about access, answers for findings or retires the asset.",
    fix=(FixStep("Portal", "Open the asset and confirm its owner; several at once in the list of assets."),),
    effort="A minute per asset",
    impact="None",
    data="Owner confirmed in the portal, people with status (HR export)",
    reasons={
        "no_owner": "No owner is named",
        "not_confirmed": "An owner is claimed but not confirmed",
        "owner_left": "The owner left",
        "status_unknown": "Whether the owner works here is not known",
    },
)


def _seen_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge when a source last reported the asset."""
    limit = now - timedelta(days=params["days"])
    cases = [failing(Q(last_seen_at__lt=limit), "not_seen"), met(Q(last_seen_at__gte=limit))]
    evidence = {
        "last_seen_at": iso("last_seen_at"),
        "expected": text(f"reported within {params['days']} days"),
    }
    return judge(subjects, cases, evidence=evidence, label=ASSET_LABEL)


GV_02 = CheckSpec(
    id="GV-02",
    title="Every AI asset was reported lately",
    question="Did a source report the asset within the allowed days?",
    subject_kind="asset",
    severity="medium",
    pillar="governance",
    function="A V",
    stage="initial",
    refs=(nist("CM-8"), nist("CA-7")),
    parameters=(Parameter("days", "Days since a source reported it", "int", 30, 1, 365, "days"),),
    subjects=governed_assets,
    outcome=_seen_outcome,
    why="What nobody has seen for weeks is either gone or out of sight; both change what the figures mean.",
    fix=(FixStep("Portal", "Import the asset's source again, or retire the source."),),
    effort="Minutes",
    impact="None",
    data="Any source that reports assets",
    reasons={"not_seen": "No source reported it within the allowed days"},
)


def live_sources() -> QuerySet[Source]:
    """Return the sources that are not retired; one that only ever had its files refused feeds no check."""
    imports = Import.objects.filter(source_id=OuterRef("pk"))
    accepted = imports.exclude(state__in=(ImportState.REFUSED, ImportState.DISCARDED))
    refused = Q(observed_at__isnull=True) & Exists(imports) & ~Exists(accepted)
    return Source.objects.filter(retired_at__isnull=True).exclude(refused)


def _source_outcome(subjects: QuerySet[Any], params: Params, now: datetime) -> QuerySet[Any]:
    """Judge when the source was last read."""
    limit = now - timedelta(days=params["days"])
    cases = [
        no_data(Q(observed_at__isnull=True), "never_read"),
        failing(Q(observed_at__lt=limit), "blind"),
        met(Q(observed_at__gte=limit)),
    ]
    evidence = {
        "observed_at": iso("observed_at"),
        "format": F("format"),
        "expected": text(f"read within {params['days']} days"),
    }
    return judge(subjects, cases, evidence=evidence, label=F("name"))


GV_07 = CheckSpec(
    id="GV-07",
    title="Every source that feeds checks is fresh",
    question="Was the source read within the allowed days?",
    subject_kind="source",
    severity="high",
    pillar="governance",
    function="A V",
    stage="initial",
    refs=(nist("CA-7"),),
    parameters=(Parameter("days", "Days since the source was read", "int", 7, 1, 90, "days"),),
    subjects=live_sources,
    outcome=_source_outcome,
    why="Checks that read an old export are blind: their results tell the past.",
    fix=(FixStep("Portal", "Import the source's newest export; if the source is no longer used, retire it."),),
    effort="Minutes",
    impact="None",
    data="The portal's own imports",
    reasons={"never_read": "No import of it was applied yet", "blind": "Not read within the allowed days"},
)
