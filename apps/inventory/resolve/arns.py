"""Which asset an entitlement's ARN names: an asset known by that ARN, by kind and name, or by where it is stored.

One entitlement has one asset at most. A scope with wildcards that covers several assets, or a name that two share,
names none; the entitlement then stands for its scope. What covers a stored asset reaches AI.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, CharField, F, Q, QuerySet, UUIDField, Value, When
from django.db.models.functions import Lower

from apps.core.facts import Fact
from apps.inventory.importers.aws_iam.actions import ON_MODELS, PRIVILEGED
from apps.inventory.importers.aws_iam.patterns import WILD, scope_covers
from apps.inventory.models import Asset, AssetObservation, Entitlement, Import
from apps.inventory.records import ASSET, ENTITLEMENT
from apps.inventory.states import AssetKind

#: Resource type in an ARN → kind of asset (AWS Service Authorization Reference, resource types).
KINDS = {
    ("sagemaker", "endpoint"): AssetKind.ENDPOINT,
    ("sagemaker", "model"): AssetKind.MODEL,
    ("sagemaker", "model-package-group"): AssetKind.MODEL,
    ("sagemaker", "training-job"): AssetKind.TRAINING_JOB,
    ("sagemaker", "notebook-instance"): AssetKind.NOTEBOOK,
    ("sagemaker", "feature-group"): AssetKind.FEATURE_STORE,
    ("bedrock", "agent"): AssetKind.AGENT,
    ("bedrock", "knowledge-base"): AssetKind.VECTOR_STORE,
}
STORED = (AssetKind.MODEL, AssetKind.MODEL_VERSION, AssetKind.DATASET, AssetKind.FEATURE_STORE, AssetKind.VECTOR_STORE)
CHUNK = 400
Named = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an asset lies, as the ARN of a folder; a version lies there for its model."""

    arn: str
    asset: UUID
    is_model: bool


def resolve_arns(owner: Import, now: datetime) -> None:
    """Set the asset of entitlements whose scope is an ARN. Two queries, and six per 400 different scopes."""
    if not {ASSET, ENTITLEMENT} & set(owner.covered):
        return
    rows = Entitlement.objects.present().filter(scope__startswith="arn:").order_by()
    scopes = sorted(rows.values_list("scope", flat=True).distinct())
    places = list(_places()) if scopes else []
    for start in range(0, len(scopes), CHUNK):
        _resolve(rows, scopes[start : start + CHUNK], places)


def _resolve(rows: QuerySet[Entitlement], scopes: list[str], places: list[Place]) -> None:
    stored = {scope: found for scope in scopes if (found := list(_within(scope, places)))}
    single = _single(scopes, stored)
    here = rows.filter(scope__in=scopes)
    if single:
        whens = [When(scope=scope, then=Value(key, output_field=UUIDField())) for scope, key in single.items()]
        asset = Case(*whens, output_field=UUIDField())
        here.filter(scope__in=list(single)).filter(Q(asset__isnull=True) | ~Q(asset_id=asset)).update(asset_id=asset)
    here.filter(asset__isnull=False).exclude(scope__in=list(single)).update(asset=None)
    sure = Q(operation__in=sorted(PRIVILEGED), not_evaluated="")
    here.filter(scope__in=sorted(stored), on_ai=Fact.UNKNOWN).update(
        on_ai=Fact.YES,
        privileged=Case(When(sure, then=Value(Fact.YES)), default=F("privileged"), output_field=CharField()),
    )
    weights = sorted(scope for scope, found in stored.items() if all(place.is_model for place in found))
    whens = [When(operation=of, then=Value(then)) for of, then in ON_MODELS.items()]
    renamed = Case(*whens, default=F("operation"), output_field=CharField())
    here.filter(scope__in=weights, operation__in=list(ON_MODELS)).update(operation=renamed)


def _single(scopes: list[str], stored: dict[str, list[Place]]) -> dict[str, UUID]:
    """Return the one asset that a scope names or holds, for those scopes of which there is one."""
    candidates: dict[str, set[UUID]] = defaultdict(set)
    shown = AssetObservation.objects.present().filter(source_key__in=scopes, asset__gone_at__isnull=True)
    for scope, key in shown.values_list("source_key", "asset_id"):
        if key is not None:
            candidates[scope].add(key)
    named = {scope: name for scope in scopes if scope not in candidates and (name := named_by(scope))}
    known = _by_name(set(named.values()))
    for scope, name in named.items():
        candidates[scope] |= known[name]
    for scope, places in stored.items():
        candidates[scope] |= {place.asset for place in places}
    return {scope: next(iter(keys)) for scope, keys in candidates.items() if len(keys) == 1}


def named_by(arn: str) -> Named | None:
    """Return kind and name, in lower case, that an ARN gives for itself; None for other services and for patterns."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or WILD & set(arn) or "${" in arn:
        return None
    kind, _, name = parts[5].partition("/")
    found = KINDS.get((parts[2], kind))
    return (str(found), name.lower()) if found and name and "/" not in name else None


def _by_name(names: Iterable[Named]) -> dict[Named, set[UUID]]:
    found: dict[Named, set[UUID]] = defaultdict(set)
    kinds, wanted = {kind for kind, _ in names}, {name for _, name in names}
    rows = Asset.objects.present().annotate(lower=Lower("name")).filter(kind__in=kinds, lower__in=wanted)
    for kind, name, key in rows.values_list("kind", "lower", "pk").order_by() if wanted else ():
        found[(kind, name)].add(key)
    return found


def _places() -> Iterator[Place]:
    rows = Asset.objects.present().filter(kind__in=STORED, location__startswith="s3://").order_by()
    for location, kind, key, parent in rows.values_list("location", "kind", "pk", "parent_id"):
        version = kind == AssetKind.MODEL_VERSION
        arn = f"arn:aws:s3:::{location.removeprefix('s3://').rstrip('/')}/"
        yield Place(arn, parent if version and parent else key, version or kind == AssetKind.MODEL)


def _within(scope: str, places: list[Place]) -> Iterator[Place]:
    """Yield the places that lie wholly in a scope of S3."""
    if scope.startswith(("arn:aws:s3:::", "arn:*:s3:::")):
        for place in places:
            if scope_covers(scope, f"{place.arn}*") or scope_covers(scope, place.arn.rstrip("/")):
                yield place
