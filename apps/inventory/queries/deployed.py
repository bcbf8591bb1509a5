"""Which version of a model is deployed: the one an alias or a stage names, else the newest."""

import json
from collections.abc import Sequence
from functools import reduce
from operator import or_

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast

from apps.inventory.models import Asset
from apps.inventory.states import AssetKind

#: Names that mean deployed, unless somebody set others.
USUAL_ALIASES = ("champion", "production", "prod")
USUAL_STAGES = ("Production",)


def _carries(alias: str) -> Q:
    """Return the condition that a list of aliases holds this one; SQLite keeps JSON in ASCII, PostgreSQL does not."""
    spellings = {json.dumps(alias), json.dumps(alias, ensure_ascii=False)}
    return reduce(or_, (Q(aliases_text__icontains=spelling) for spelling in sorted(spellings)))


def deployed_version(aliases: Sequence[str], stages: Sequence[str]) -> QuerySet[Asset]:
    """Return the versions of an outer model, the deployed one first: by alias, by stage, then the highest number."""
    ranks = [(reduce(or_, map(_carries, aliases)), 0)] if aliases else []
    ranks += [(reduce(or_, (Q(stage__iexact=stage) for stage in stages)), 1)] if stages else []
    versions = (
        Asset.objects.present()
        .filter(parent_id=OuterRef("pk"), kind=AssetKind.MODEL_VERSION)
        .annotate(aliases_text=Cast("aliases", TextField()))
    )
    newest = (F("version_number").desc(nulls_last=True), F("created_on_source_at").desc(nulls_last=True), "-pk")
    if not ranks:
        return versions.order_by(*newest)  # PostgreSQL would read a rank that is a constant as a column's position
    cases = [When(condition, then=Value(rank)) for condition, rank in ranks]
    ranked = versions.annotate(rank=Case(*cases, default=Value(2), output_field=IntegerField()))
    return ranked.order_by("rank", *newest)
