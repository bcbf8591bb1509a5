"""Orphans: access at a target that carries our mark and that no grant explains. It is listed, and drift looked at."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import Q

from apps.access.events import ORPHANS_FOUND
from apps.access.models import Binding, Grant, Orphan
from apps.access.provisioning.contract import Found, Provisioner
from apps.access.provisioning.registry import PORTAL, PROVISIONERS
from apps.access.queries.cover import level_of, place_of, same_target
from apps.access.states import GrantState, Presence
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject
from apps.core.text import storable

ACTOR = system("reconciler")
SCAN_EVERY = timedelta(hours=24)
AGAIN = timedelta(minutes=15)


def scan_due() -> int:
    """Scan the targets whose turn it is, one call each; return how many were scanned."""
    now, scanned = clock.now(), 0
    due = Q(scan_at__isnull=True) | Q(scan_at__lte=now)
    for binding in Binding.objects.filter(due, enabled=True).exclude(provisioner=PORTAL).select_related("connection"):
        carrier = PROVISIONERS.get(binding.provisioner)
        # The next turn is written first: a scan that crashes is not repeated in a circle.
        if not Binding.objects.filter(due, pk=binding.pk).update(scan_at=now + AGAIN) or carrier is None:
            continue
        try:
            found = listed_at(carrier, binding)
        except Exception as problem:
            Binding.objects.filter(pk=binding.pk).update(scan_problem=f"{type(problem).__name__}: {problem}"[:300])
            continue
        keep_found(actor=ACTOR, binding=binding, found=found)
        scanned += 1
    return scanned


def listed_at(carrier: Provisioner, binding: Binding) -> list[Found]:
    """Return what a target lists, in texts of a kind and length that a database keeps. Raises what its scan raises."""
    return [
        replace(
            item,
            account=storable(item.account)[:320],
            resource=storable(item.resource)[:700],
            level=storable(item.level)[:100],
        )
        for item in carrier.scan(binding)
    ]


@command(ORPHANS_FOUND)
def keep_found(*, actor: Actor, binding: Binding, found: list[Found], now: datetime) -> Changed | Unchanged:
    """Compare what a target shows with the grants: list what none explains, close what is gone, look at what drifted.

    The value is the number of new orphans.
    """
    concerned = Q(account__in={item.account for item in found}) | Q(pk__in={item.grant for item in found if item.grant})
    shared = same_target(binding)
    grants = Grant.objects.filter(concerned, binding__in=shared).exclude(state=GrantState.SCHEDULED)
    known = list(grants.select_related("asset", "binding"))
    oldest = shared.filter(enabled=True).order_by("pk").values_list("pk", flat=True).first()
    open_rows = {(row.account, row.resource, row.level): row for row in binding.orphans.filter(gone_at__isnull=True)}
    left = [item for item in found if not _explained(item, known, now)]
    unexplained = {
        key for item in left if (key := _key(item)) in open_rows or _listed_by(item, known, oldest) == binding.pk
    }
    new = unexplained - set(open_rows)
    Orphan.objects.bulk_create(
        Orphan(binding=binding, account=account, resource=resource, level=level, first_seen_at=now, last_seen_at=now)
        for account, resource, level in sorted(new)
    )
    gone = [row.pk for key, row in open_rows.items() if key not in unexplained]
    binding.orphans.filter(gone_at__isnull=True).exclude(pk__in=gone).update(last_seen_at=now)
    Orphan.objects.filter(pk__in=gone).update(gone_at=now)
    Binding.objects.filter(pk=binding.pk).update(scan_at=now + SCAN_EVERY, scan_problem="")
    if not new and not gone:
        return Unchanged(value=0)
    facts: dict[str, object] = {"binding": binding.pk, "found": len(new), "gone": len(gone)}
    return Changed(Subject("binding", str(binding.pk), binding.provisioner), facts, value=len(new))


def _key(item: Found) -> tuple[str, str, str]:
    return item.account, item.resource, item.level


def _listed_by(item: Found, known: list[Grant], oldest: int | None) -> int | None:
    """Return the binding that lists what nobody explains, so that it is listed once: that of the grant in its mark
    while it is in use, else the oldest one of the target."""
    marked = next((grant for grant in known if grant.pk == item.grant), None)
    if marked is None or not (marked.binding.enabled or marked.state != GrantState.ENDED):
        return oldest
    return marked.binding_id


def _explained(item: Found, known: list[Grant], now: datetime) -> bool:
    """Return whether a grant wants this access or is taking it away; one that ended with it is looked at at once."""
    for grant in known:
        marked = item.grant == grant.pk
        same = grant.account == item.account and place_of(grant) == item.resource
        if not (marked or (item.grant is None and same and item.level == level_of(grant))):
            continue
        if grant.desired == Presence.PRESENT or grant.state in (GrantState.ENDING, GrantState.SUSPENDED):
            return True
        if marked or same:
            Grant.objects.filter(pk=grant.pk).exclude(due_at__lte=now).update(due_at=now)
    return False
