"""Reads about bindings: what is carried how, and access at targets that no grant explains."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from apps.access.models import Binding, Orphan
from apps.access.provisioning.contract import Provisioner
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.states import GrantState
from apps.connectors.models import Connection
from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Source
from apps.inventory.states import AssetKind

#: Grants for which there is something to do, or to see, at the target.
FINISHED = (GrantState.ENDED, GrantState.ACTIVATION_FAILED)


@dataclass(frozen=True, slots=True)
class Line:
    """A binding as people read it: for which assets, by what, and (verb, level) for each operation."""

    binding: Binding
    covers: str
    by: str
    levels: tuple[tuple[str, str], ...]


def bindings(actor: Actor) -> QuerySet[Binding]:
    """Return the bindings, the default for all kinds first, with `unfinished` grants. One query."""
    if not actor.sees_all:
        return Binding.objects.none()
    rows = Binding.objects.select_related("connection", "asset")
    live = Count("grants", filter=~Q(grants__state__in=FINISHED))
    return rows.annotate(unfinished=live).order_by("-enabled", "asset__name", "asset_kind", "pk")


def find_binding(actor: Actor, pk: int) -> Binding:
    """Return one binding. Raises NotFound, also for an actor who may not see it."""
    found = bindings(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such binding.")
    return found


def line(binding: Binding) -> Line:
    """Return a binding as people read it. No query."""
    carrier = PROVISIONERS.get(binding.provisioner)
    levels = [(OPERATIONS[key].verb if key in OPERATIONS else key, str(word)) for key, word in binding.levels.items()]
    return Line(binding, covers(binding), carrier.title if carrier else binding.provisioner, tuple(sorted(levels)))


def covers(binding: Binding) -> str:
    """Return in words which assets a binding is for."""
    if binding.asset is not None:
        return str(binding.asset)
    if not binding.asset_kind:
        return "All assets"
    return f"Every {AssetKind(binding.asset_kind).label.lower()}"


def carriers() -> list[Provisioner]:
    """Return what can carry grants, in the order of registration."""
    return list(PROVISIONERS)


def connections_for(key: str) -> QuerySet[Connection]:
    """Return the connections a provisioner can use: those of the product of the same name. One query."""
    return Connection.objects.filter(driver=key, enabled=True).order_by("name")


def account_sources() -> QuerySet[Source]:
    """Return the sources that may know the accounts at a target. One query."""
    return Source.objects.order_by("name")


def orphans(actor: Actor) -> QuerySet[Orphan]:
    """Return access with our mark that no grant explains and that is still there, oldest first. One query."""
    if not actor.sees_all:
        return Orphan.objects.none()
    rows = Orphan.objects.filter(gone_at__isnull=True).select_related("binding__connection")
    return rows.order_by("first_seen_at", "pk")


def find_orphan(actor: Actor, pk: int) -> Orphan:
    """Return one orphan that is there. Raises NotFound."""
    found = orphans(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such access.")
    return found
