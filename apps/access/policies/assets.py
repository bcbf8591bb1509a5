"""Facts about assets, as policies ask for them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Count, QuerySet, Subquery

from apps.access.policies.questions import Resource
from apps.governance.tiers import asset_tier, is_sensitive
from apps.integrity.queries import artifact_exists, signature_state
from apps.integrity.states import SignatureState
from apps.inventory.models import Asset, AssetLink
from apps.inventory.queries.deployed import USUAL_ALIASES, USUAL_STAGES, deployed_version
from apps.inventory.states import AssetKind
from apps.posture.models import CheckVersion, Finding
from apps.posture.states import Severity

#: The check whose settings say which alias or stage means deployed.
_DEPLOYED_BY = "MD-01"
_NOT_PROVEN = (SignatureState.SIGNED_NOT_CHECKED, SignatureState.UNSUPPORTED)
_WORST_FIRST = ("no", "unknown", "yes")


def resource_of(asset: Asset) -> Resource:
    """Return the facts of one asset. Five queries."""
    return resources_of([asset])[asset.pk]


def resources_of(assets: Iterable[Asset]) -> dict[UUID, Resource]:
    """Return the facts of assets by their id. Five queries, however many assets."""
    ids = [asset.pk for asset in assets]
    serving = _serving(ids)
    rows = {row.pk: row for row in _rows({*ids, *(pk for served in serving.values() for pk in served)})}
    signed = _signed(ids, rows, serving)
    critical = _critical(rows.values())
    return {pk: _resource(rows[pk], critical, signed[pk]) for pk in ids}


def _resource(row: Asset, critical: dict[UUID, int], signed: str) -> Resource:
    model = row.parent
    known = (row.tier, model.tier if model else None)
    classification = row.classification or (model.classification if model else "")
    own_word = row.tier_confirmed or bool(row.tier is None and model and model.tier_confirmed)
    return Resource(
        id=str(row.pk),
        kind=row.kind,
        tier=asset_tier(known, confirmed=own_word, classification=classification),
        classification=classification,
        sensitive=is_sensitive(classification),
        teams=frozenset({row.team.name} if row.team else {model.team.name} if model and model.team else ()),
        critical_findings=critical.get(row.pk, 0) + (critical.get(model.pk, 0) if model else 0),
        signed=signed,
    )


def _rows(ids: set[UUID]) -> QuerySet[Asset]:
    params = CheckVersion.objects.filter(check_id=_DEPLOYED_BY, active=True).values_list("params", flat=True).first()
    names = params or {"aliases": USUAL_ALIASES, "stages": USUAL_STAGES}
    deployed = Subquery(deployed_version(names["aliases"], names["stages"]).values("pk")[:1])
    return Asset.objects.filter(pk__in=ids).select_related("team", "parent__team").annotate(deployed_id=deployed)


def _serving(ids: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Return which models and versions each endpoint serves."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    links = AssetLink.objects.present().filter(right_id__in=ids, relation="serves", left__isnull=False)
    for right, left in links.values_list("right_id", "left_id"):
        found[right].add(left)
    return found


def _versions(row: Asset) -> set[UUID]:
    if row.kind == AssetKind.MODEL_VERSION:
        return {row.pk}
    deployed: UUID | None = getattr(row, "deployed_id", None)
    return {deployed} if deployed else set()


def _signed(ids: Sequence[UUID], rows: dict[UUID, Asset], serving: dict[UUID, set[UUID]]) -> dict[UUID, str]:
    """Return for each asset the worst word about the versions deployed there, `not_applicable` for none."""
    versions = {pk: {v for one in {pk, *serving.get(pk, set())} for v in _versions(rows[one])} for pk in ids}
    wanted = Asset.objects.filter(pk__in=set().union(*versions.values()))
    states = wanted.annotate(standing=signature_state(), listed=artifact_exists())
    words = {pk: _word(state, listed) for pk, state, listed in states.values_list("pk", "standing", "listed")}
    found = {}
    for pk, mine in versions.items():
        said = {words.get(version, "unknown") for version in mine}
        found[pk] = next((word for word in _WORST_FIRST if word in said), "not_applicable")
    return found


def _word(state: str, listed: bool) -> str:
    if state == SignatureState.VALID_TRUSTED:
        return "yes"
    if state in _NOT_PROVEN or (state == SignatureState.UNSIGNED and not listed):
        return "unknown"
    return "no"


def _critical(rows: Iterable[Asset]) -> dict[UUID, int]:
    ids = {pk for row in rows for pk in (row.pk, row.parent_id) if pk}
    open_ones = Finding.objects.unresolved().filter(asset_id__in=ids, severity=Severity.CRITICAL)
    return dict(open_ones.order_by().values_list("asset_id").annotate(n=Count("pk")))
