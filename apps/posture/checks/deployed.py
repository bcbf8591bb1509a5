"""The deployed version of each model, joined for the checks that judge it."""

from django.db.models import FilteredRelation, Q, QuerySet, Subquery

from apps.inventory.models import Asset
from apps.inventory.queries.deployed import USUAL_ALIASES, USUAL_STAGES, deployed_version
from apps.inventory.states import AssetKind
from apps.posture.spec import Parameter, Params

ALIASES = Parameter("aliases", "Aliases that mean deployed", "list", [*USUAL_ALIASES])
STAGES = Parameter("stages", "Stages that mean deployed", "list", [*USUAL_STAGES])


def models() -> QuerySet[Asset]:
    """Return the models that some source still shows."""
    return Asset.objects.present().filter(kind=AssetKind.MODEL)


def with_deployed(subjects: QuerySet[Asset], params: Params) -> QuerySet[Asset]:
    """Join each model with its one deployed version as `deployed`, found once for each; null where there is none."""
    chosen = Subquery(deployed_version(params["aliases"], params["stages"]).values("pk")[:1])
    return subjects.alias(deployed=FilteredRelation("versions", condition=Q(versions__pk=chosen)))
