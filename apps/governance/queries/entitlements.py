"""Access that a source shows, as something an exception may be about: inventory stands left of governance."""

from uuid import UUID

from django.db.models import Exists, OuterRef

from apps.core.actor import Actor
from apps.core.text import display
from apps.governance.models.exception import RiskExceptionQuerySet
from apps.governance.queries.people import users_with
from apps.governance.references import Covered, Reference, ReferenceSource
from apps.governance.states import ReferenceKind, Severity
from apps.inventory.models import Entitlement


def find(actor: Actor | None, key: str) -> Reference | None:
    """Return an entitlement as a reference; the owner of its asset answers for it, its holder gains by it."""
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    rows = Entitlement.objects.all() if actor is None else Entitlement.objects.visible_to(actor)
    row = rows.select_related("identity__person", "asset__owner").filter(pk=wanted).first()
    if row is None:
        return None
    asset, person = row.asset, row.identity.person
    owner = asset.owner.user_id if asset and asset.owner and asset.owner_confirmed_at else None
    holder = {person.user_id} if person and person.user_id else users_with((row.identity.email, row.identity.login))
    return Reference(
        kind=ReferenceKind.ENTITLEMENT,
        key=str(row.pk),
        label=f"{display(row.identity.name)}: {row.operation} on {display(asset.name if asset else row.scope)}",
        severity=_severity(row),
        url=f"/identities/{row.identity_id}",
        owners=frozenset({owner} if owner else ()),
        holders=frozenset(holder),
        team_id=asset.team_id if asset else None,
        covered=Covered("", "entitlement", row.pk),
        about=(("identity", row.identity_id), *((("asset", asset.pk),) if asset else ())),
        closed="This access is no longer there." if row.gone_at is not None else "",
    )


def _severity(row: Entitlement) -> str:
    """Return how much is at stake: privileged access to a tier-1 asset is critical, unknown counts as privileged."""
    privileged = row.privileged != "no"
    tier = row.asset.tier if row.asset else None
    if privileged:
        return Severity.CRITICAL if tier == 1 else Severity.HIGH
    return Severity.MEDIUM


def over(rows: RiskExceptionQuerySet) -> RiskExceptionQuerySet:
    """Keep the exceptions whose entitlement is gone."""
    present = Entitlement.objects.present().filter(pk=OuterRef("covers_id"))
    return rows.filter(~Exists(present), kind=ReferenceKind.ENTITLEMENT)


SOURCE = ReferenceSource(ReferenceKind.ENTITLEMENT, find, over)
