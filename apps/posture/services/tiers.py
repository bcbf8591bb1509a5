"""Which results bear on tier-1 assets: what the stage Initial is decided on."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q

from apps.inventory.models import Asset, Credential, Entitlement
from apps.posture.models import Result, Run, RunTotal
from apps.posture.queries.stages import decisive_checks
from apps.posture.services.scores import BEARING, holder_of
from apps.posture.spec import CHECKS

#: A source bears on no asset.
KINDS = ("asset", "identity", "credential")
COUNT_SQL = f"""
SELECT r.check_id, r.outcome, r.reason, COUNT(*) FROM posture_result r
LEFT JOIN inventory_credential c ON c.id = r.subject_id AND r.subject_kind = 'credential'
WHERE r.to_run IS NULL AND r.check_id IN ({{checks}}) AND COALESCE(c.identity_id, r.subject_id) IN (
  SELECT b.subject_id FROM {BEARING} b JOIN inventory_asset a ON a.id = b.asset_id WHERE a.tier = 1)
GROUP BY r.check_id, r.outcome, r.reason
"""  # noqa: S608
BEARS_SQL = f"""
SELECT 1 FROM {BEARING} b JOIN inventory_asset a ON a.id = b.asset_id WHERE a.tier = 1 AND b.subject_id = %s LIMIT 1
"""  # noqa: S608


def mark_tier_one(run: Run, check_ids: set[str], before: Run | None) -> None:
    """Count, for the checks that decide a stage, the results of subjects that bear on a tier-1 asset.

    Call it where BEARING stands. A re-check moves its one subject, and counts all where the inventory of the last run
    is no more that of today.
    """
    decisive = {spec.id for function in {spec.function for spec in CHECKS} for spec in decisive_checks(function)}
    named = sorted(check for check in decisive & check_ids if CHECKS[check].subject_kind in KINDS)
    if not named:
        return
    if not run.partial:
        _keep(run, named, _rows(COUNT_SQL.format(checks=", ".join(["%s"] * len(named))), named))
    elif before is not None and before.inventory_mark == run.inventory_mark:
        _moved(run, named[0])
    else:
        _recount(run, named[0])


def _keep(run: Run, check_ids: Sequence[str], counts: Sequence[tuple[Any, ...]]) -> None:
    RunTotal.objects.filter(run=run, check_id__in=check_ids).update(tier1=0)
    for check_id, outcome, reason, n in counts:
        RunTotal.objects.filter(run=run, check_id=check_id, outcome=outcome, reason=reason).update(tier1=n)


def _moved(run: Run, check_id: str) -> None:
    """Move the subject of a re-check, if it bears on a tier-1 asset, from what it was to what it is."""
    totals = RunTotal.objects.filter(run=run, check_id=check_id)
    totals.filter(tier1__isnull=True).update(tier1=0)
    holder = Result._meta.get_field("subject_id").get_db_prep_value(holder_of(run.subject_id), connection)
    if not _rows(BEARS_SQL, [holder]):
        return
    spans = Result.objects.filter(check_id=check_id, subject_id__in=[run.subject_id])
    for moment, step in ((run.pk - 1, -1), (run.pk, 1)):
        for span in spans.at(moment):
            for total in totals.filter(outcome=span.outcome, reason=span.reason):
                total.tier1 = max((total.tier1 or 0) + step, 0)
                total.save(update_fields=["tier1"])


def _recount(run: Run, check_id: str) -> None:
    top = Asset.objects.present().filter(Q(tier=1) | Q(parent__tier=1))
    held = Entitlement.objects.present().filter(asset__in=top)
    bearing = {
        "asset": top.filter(pk=OuterRef("subject_id")),
        "identity": held.filter(identity_id=OuterRef("subject_id")),
        "credential": Credential.objects.filter(pk=OuterRef("subject_id"), identity__in=held.values("identity")),
    }
    rows = Exists(bearing[CHECKS[check_id].subject_kind])
    spans = Result.objects.filter(rows, check_id=check_id, to_run__isnull=True)
    _keep(run, [check_id], list(spans.values_list("check_id", "outcome", "reason").annotate(n=Count("*")).order_by()))


def _rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
