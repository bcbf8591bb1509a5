"""Suspending and resuming: a grant rests while what it was given upon does not hold, and never outlives its window."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from apps.access.events import GRANT_RESUMED, GRANT_SUSPENDED
from apps.access.models import Grant, ManualTask
from apps.access.provisioning.contract import Report
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.conditions import FACTOR, HOLDS, SIGNED, broken, unsigned_models
from apps.access.services.ending import TASK, end_if_live
from apps.access.services.receipts import subject_of, write_lines
from apps.access.services.telling import tell
from apps.access.states import GRANT_MACHINE, Carried, EndReason, GrantState, Presence
from apps.accounts.models import User
from apps.accounts.queries import FACTOR_TYPES
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict
from apps.core.jobs import enqueue
from apps.integrity.queries import verified_signature_exists
from apps.inventory.states import AssetKind

ACTOR = system("reconciler")
#: A grant that rests this long has ended: nobody waits for it any more.
LONGEST_REST = timedelta(days=7)
BATCH = 500


def judge_conditions() -> int:
    """Suspend grants whose conditions do not hold, resume those whose do again, end those that rest too long.

    Return how many moved. Only the grants that may be concerned are read.
    """
    now, moved = clock.now(), 0
    for grant in _in_pieces(_suspects()):
        moved += _tried(suspend, grant, now)
    for grant in _in_pieces(Grant.objects.filter(state=GrantState.SUSPENDED, expires_at__gt=now)):
        if grant.suspended_at is not None and grant.suspended_at <= now - LONGEST_REST:
            note = grant.suspended_because
            moved += end_if_live(actor=ACTOR, grant=grant, reason=EndReason.SIGNAL, note=note, now=now)
        else:
            moved += _tried(resume, grant, now)
    return moved


def _in_pieces(rows: QuerySet[Grant]) -> Iterator[Grant]:
    """Yield all rows, some hundred at a time: what stays as it is never hides what comes after it."""
    last = 0
    while piece := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from piece
        last = piece[-1].pk


def _tried(what: Callable[..., Changed | Unchanged], grant: Grant, now: datetime) -> bool:
    try:
        return isinstance(what(actor=ACTOR, grant=grant, now=now), Changed)
    except Conflict:
        return False


def _suspects() -> QuerySet[Grant]:
    """Return active grants that rest on a condition which some fact speaks against, and those held back."""
    named = Grant.objects.filter(state=GrantState.ACTIVE).annotate(named=Cast("conditions", TextField()))
    unsigned = Q(asset__kind=AssetKind.MODEL) & Q(Exists(unsigned_models().filter(subject_id=OuterRef("asset_id"))))
    unsigned |= Q(asset__kind=AssetKind.MODEL_VERSION) & ~Q(verified_signature_exists("asset_id"))
    factors = Authenticator.objects.filter(user_id=OuterRef("holder_id"), type__in=FACTOR_TYPES)
    without = Q(holder__kind=User.Kind.PERSON) & ~Q(Exists(factors))
    suspect = (Q(named__contains=f'"{SIGNED}"') & unsigned) | (Q(named__contains=f'"{FACTOR}"') & without)
    for hold in HOLDS:
        suspect |= Q(pk__in=hold.grants().values("pk"))
    return named.filter(suspect).select_related("asset", "holder", "binding")


@command(GRANT_SUSPENDED)
def suspend(*, actor: Actor, grant: Grant, now: datetime) -> Changed | Unchanged:
    """Let a grant rest if one of its conditions is broken; the access is taken from the target meanwhile.

    Raises Conflict when it is not active any more.
    """
    reasons = broken(grant)
    if not reasons:
        return Unchanged()
    because = " ".join(reasons)[:300]
    GRANT_MACHINE.move(
        Grant.objects.filter(expires_at__gt=now),
        pk=grant.pk,
        before=GrantState.ACTIVE,
        after=GrantState.SUSPENDED,
        desired=Presence.ABSENT,
        suspended_at=now,
        suspended_because=because,
        generation=F("generation") + 1,
        attempts=0,
        due_at=now,
    )
    ManualTask.objects.filter(grant=grant).open().update(superseded_at=now)
    _carry(grant, Carried.REVOKE, Presence.ABSENT, now)
    facts = {"what": "suspended", "why": because}
    once = f"suspended:{grant.generation}"
    tell("access.grant.over", actor=actor, grant=grant, to=[grant.holder_id], once=once, now=now, **facts)
    return Changed(subject_of(grant), {"because": because}, before=GrantState.ACTIVE, after=GrantState.SUSPENDED)


@command(GRANT_RESUMED)
def resume(*, actor: Actor, grant: Grant, now: datetime) -> Changed | Unchanged:
    """Let a grant go on whose conditions hold again, until the end it always had. Raises Conflict."""
    if broken(grant):
        return Unchanged()
    GRANT_MACHINE.move(
        Grant.objects.filter(expires_at__gt=now),
        pk=grant.pk,
        before=GrantState.SUSPENDED,
        after=GrantState.ACTIVE,
        desired=Presence.PRESENT,
        suspended_at=None,
        suspended_because="",
        generation=F("generation") + 1,
        attempts=0,
        due_at=now,
    )
    ManualTask.objects.filter(grant=grant).open().update(superseded_at=now)
    _carry(grant, Carried.GRANT, Presence.PRESENT, now)
    until = grant.expires_at or now
    once = f"resumed:{grant.generation}"
    tell("access.grant.active", actor=actor, grant=grant, to=[grant.holder_id], once=once, now=now, until=until)
    return Changed(
        subject_of(grant),
        {"expires_at": until.isoformat()},
        before=GrantState.SUSPENDED,
        after=GrantState.ACTIVE,
    )


def _carry(grant: Grant, what: Carried, seen: Presence, now: datetime) -> None:
    """Have the target follow; the portal's own decision point has followed with the state."""
    grant.refresh_from_db()
    if grant.binding.provisioner != PORTAL:
        enqueue(TASK, grant.pk)
        return
    report = Report(True, seen, evidence={"decided by": "the decision point of the portal"})
    write_lines(grant, grant.generation, [(what, report), (Carried.OBSERVE, report)], now)
    Grant.objects.filter(pk=grant.pk).update(observed=seen, observed_at=now, due_at=None)
    grant.refresh_from_db()
