"""Removing access, one by one where a target or a service has to be asked: claimed, tried, looked at again."""

from datetime import datetime

from django.db.models import F, Q

from apps.access.services.leases import LEASE, LONGEST_REVOKING, backoff
from apps.access.services.standing import Taken, remove_standing
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, command
from apps.core.errors import Conflict, DomainError, Invalid
from apps.core.reviewables import REVIEWABLES
from apps.inventory.models import Entitlement
from apps.reviews.events import REMOVAL_DONE, REMOVAL_TRIED
from apps.reviews.models import Item, Proof, Removal
from apps.reviews.queries.scopes import standing
from apps.reviews.rules.removal import can_report_done
from apps.reviews.services.deciding import subject_of_item
from apps.reviews.states import ITEM_MACHINE, ItemState, Seen, Way

ACTOR = system("reconciler")
BATCH = 200


def remove_due() -> int:
    """Try the removals that are due; return how many were tried. Safe in several copies."""
    now, tried = clock.now(), 0
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    due = Removal.objects.unproven().filter(free, next_at__lte=now).order_by("next_at", "pk")
    for number in list(due.values_list("pk", flat=True)[:BATCH]):
        try:
            tried += _try(number)
        except Conflict:
            # Taken over by another worker, or over meanwhile: the others are tried all the same.
            continue
    return tried


def _try(number: int) -> bool:
    """Claim one removal, counted before it is tried, and try it; return whether this worker did."""
    now = clock.now()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    token = now + LEASE
    rows = Removal.objects.unproven().filter(free, pk=number, next_at__lte=now)
    if not rows.update(claimed_until=token, attempts=F("attempts") + 1):
        return False
    removal = Removal.objects.select_related("item__campaign").get(pk=number)
    if removal.way == Way.CONNECTOR:
        taken = _at_target(removal)
        answer = {"worked": taken.gone, "evidence": taken.evidence, "problem": taken.problem}
        keep(actor=ACTOR, removal=removal, token=token, **answer)
        return True
    try:
        end_here(actor=ACTOR, removal=removal, token=token)
    except DomainError as problem:
        # Ended or ending already: looking decides whether it is gone. What stands as before is tried again.
        stands = Item.objects.filter(standing(REVIEWABLES[removal.item.subject_kind], now), pk=number).exists()
        keep(
            actor=ACTOR, removal=removal, token=token, worked=not stands, evidence={"answer": problem.reason},
            problem=problem.reason if stands else "",
        )  # fmt: skip
    return True


def _at_target(removal: Removal) -> Taken:
    rows = Entitlement.objects.present().select_related("identity", "asset")
    entitlement = rows.filter(pk=removal.item.subject_id).first()
    if entitlement is None:
        return Taken(True, {"answer": "The source shows it no longer."})
    return remove_standing(entitlement)


@command(REMOVAL_TRIED)
def end_here(*, actor: Actor, removal: Removal, token: datetime, now: datetime) -> Changed:
    """End a grant or a setting of the portal through the service of its app. Raises what that raises."""
    item = removal.item
    kind = REVIEWABLES[item.subject_kind]
    if kind.remove is None:
        raise Conflict("Nothing removes this by itself.")
    kind.remove(actor, item.subject_id, f"{item.campaign.code}: {item.campaign.name}"[:300], now)
    return _note(removal, token, True, {}, "", now)


@command(REMOVAL_TRIED)
def keep(
    *,
    actor: Actor,
    removal: Removal,
    token: datetime,
    worked: bool,
    evidence: dict[str, object],
    problem: str,
    now: datetime,
) -> Changed:
    """Keep what a try brought; what was seen gone at the target is verified. Raises Conflict when it came too late."""
    changed = _note(removal, token, worked, evidence, problem, now)
    if worked and removal.way == Way.CONNECTOR:
        Proof.objects.create(removal=removal, seen=Seen.ABSENT, evidence=evidence, at=now)
        Removal.objects.filter(pk=removal.pk).update(ended_at=now)
        before = (ItemState.REMEDIATING, ItemState.FAILED)
        ITEM_MACHINE.move(Item.objects.all(), pk=removal.pk, before=before, after=ItemState.VERIFIED, ended_at=now)
    return changed


def _note(
    removal: Removal, token: datetime, worked: bool, evidence: dict[str, object], problem: str, now: datetime
) -> Changed:
    again = None if worked else now + backoff(removal.attempts, longest=LONGEST_REVOKING)
    rows = Removal.objects.unproven().filter(pk=removal.pk, claimed_until=token)
    if not rows.update(claimed_until=None, tried_at=now, next_at=again, last_problem=problem[:500]):
        raise Conflict("Another worker took this removal over.")
    Proof.objects.create(removal=removal, seen=Seen.TRIED, evidence={**evidence, "worked": worked}, at=now)
    facts: dict[str, object] = {"way": removal.way, "worked": worked, "problem": problem}
    return Changed(subject_of_item(removal.item), facts, value=removal)


@command(REMOVAL_DONE)
def done_by_hand(*, actor: Actor, removal: Removal, proof: str, now: datetime) -> Changed:
    """Report that a removal by hand is done. It is verified by what the source shows next, not by that.

    The value is the Removal. Raises Forbidden, Invalid without a word of proof, Conflict when it is over or reported.
    """
    row = Removal.objects.select_related("item").get(pk=removal.pk)
    can_report_done(actor, row).require()
    if not proof.strip() or len(proof) > 500:
        raise Invalid("Say what you did, in 1 to 500 characters.", proof="Say what you did.")
    if not Removal.objects.unproven().filter(pk=row.pk, done_at__isnull=True).update(done_at=now):
        raise Conflict("This was reported or is over.")
    Proof.objects.create(removal=row, seen=Seen.DONE, by_id=actor.user_id, evidence={"proof": proof.strip()}, at=now)
    row.refresh_from_db()
    return Changed(subject_of_item(row.item), {"proof": proof.strip()}, value=row)
