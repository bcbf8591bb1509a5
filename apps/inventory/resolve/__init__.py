"""Set-based steps after rows were applied: people, who stands behind an identity, assets, links, owner claims.

Each takes the import and `now`, runs in the import's transaction, and may be repeated without effect.
"""

from apps.inventory.formats import RESOLVERS
from apps.inventory.resolve import arns, assets, people, registered


def register() -> None:
    """Register the steps in the order in which they build on each other; called once from `ready()`."""
    RESOLVERS.register("people", people.resolve_people)
    RESOLVERS.register("identities", people.resolve_identities)
    RESOLVERS.register("assets", assets.resolve_assets)
    RESOLVERS.register("asset relations", assets.resolve_relations)
    RESOLVERS.register("ARNs of entitlements", arns.resolve_arns)
    RESOLVERS.register("models of MLflow permissions", registered.resolve_registered)
    RESOLVERS.register("owner claims", people.resolve_owner_claims)
