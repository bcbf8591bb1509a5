"""Grants as something an exception may be about: governance knows them by kind and number only."""

from django.db.models import Exists, OuterRef

from apps.access.models import Grant
from apps.access.states import GrantState
from apps.core.actor import Actor
from apps.core.text import display
from apps.governance.models.exception import RiskExceptionQuerySet
from apps.governance.operations import OPERATIONS
from apps.governance.references import Reference, ReferenceSource
from apps.governance.states import ReferenceKind, Severity

#: How much is at stake by the tier of the grant.
SEVERITIES = {1: Severity.CRITICAL, 2: Severity.HIGH, 3: Severity.MEDIUM}
OVER = (GrantState.ENDED, GrantState.ACTIVATION_FAILED)


def find(actor: Actor | None, key: str) -> Reference | None:
    """Return a grant as a reference: the confirmed owner of its asset answers for it, its holder gains by it."""
    if not key.isdecimal() or len(key) > 17:
        return None
    rows = Grant.objects.all() if actor is None else Grant.objects.visible_to(actor)
    row = rows.select_related("holder", "asset__owner").filter(pk=int(key)).first()
    if row is None:
        return None
    asset, operation = row.asset, OPERATIONS.get(row.operation)
    owner = asset.owner.user_id if asset.owner and asset.owner_confirmed_at else None
    verb = operation.verb if operation else row.operation
    return Reference(
        kind=ReferenceKind.GRANT,
        key=str(row.pk),
        label=f"G-{row.pk} {display(row.holder.name)}: {verb}, {display(row.asset_label)}",
        severity=SEVERITIES.get(row.tier, Severity.HIGH),
        url=f"/access/G-{row.pk}",
        owners=frozenset({owner} if owner else ()),
        holders=frozenset({row.holder_id}),
        team_id=asset.team_id,
        about=(("asset", asset.pk), *((("asset", asset.parent_id),) if asset.parent_id else ())),
        closed="This grant is over." if row.state in OVER else "",
    )


def over(rows: RiskExceptionQuerySet) -> RiskExceptionQuerySet:
    """Keep the exceptions whose grant has ended."""
    live = Grant.objects.exclude(state__in=OVER).filter(pk=OuterRef("about_number"))
    return rows.about(ReferenceKind.GRANT).filter(~Exists(live))


GRANTS = ReferenceSource(ReferenceKind.GRANT, find, over)
