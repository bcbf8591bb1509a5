"""Carrying grants to their targets: claim, call, look, settle. Lost, doubled and late calls do no harm.

A try is counted before it is made. Its claim (`claimed_until`) and the generation fence it: an answer that comes when
either has moved on changes no state, it only has somebody look again. While a target is called no transaction is open.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from apps.access.models import Binding, Grant
from apps.access.provisioning.contract import Found, Order, Provisioner, Report, Work
from apps.access.provisioning.registry import provisioner
from apps.access.queries.cover import cover_of, keep_levels, known_baseline, level_of, place_of, same_target
from apps.access.services.activation import begin
from apps.access.services.leases import LEASE
from apps.access.services.receipts import Line
from apps.access.services.settling import settle
from apps.access.states import Carried, GrantState, Presence
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.errors import Conflict, DomainError

log = logging.getLogger(__name__)
ACTOR = system("reconciler")
#: States in which there is something to do or to see at the target.
AT_TARGET = (
    GrantState.ACTIVATING,
    GrantState.ACTIVE,
    GrantState.SUSPENDED,
    GrantState.ENDING,
    GrantState.ENDED,
    GrantState.ACTIVATION_FAILED,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One try: the grant as it was claimed, until when, and what is to be done."""

    grant: Grant
    token: datetime
    work: Work
    carrier: Provisioner


def carry(number: int, *, actor: Actor = ACTOR) -> bool:
    """Do what is due for one grant, as far as it goes now; return whether this worker did anything.

    Idempotent, safe in several copies: whatever another worker holds or did is left alone.
    """
    try:
        if _is_scheduled(number):
            begin(actor=actor, grant=Grant.objects.get(pk=number))
        claim = _claim(number)
    except (Conflict, Grant.DoesNotExist) as reason:
        log.info("grant not carried here", extra={"grant": number, "reason": str(reason)})
        return False
    if claim is None:
        return False
    settle(actor=actor, grant=claim.grant, token=claim.token, lines=_perform(claim))
    return True


def _is_scheduled(number: int) -> bool:
    now = clock.now()
    return Grant.objects.filter(pk=number, state=GrantState.SCHEDULED, due_at__lte=now).exists()


def _claim(number: int) -> Claim | None:
    """Take the grant for one try, counted now; None where nothing is due or somebody else works on this access.

    One at a time for the same account and resource: two at once could each take the other's for what was there before.
    """
    with transaction.atomic():
        now = clock.now()
        binding_id = Grant.objects.values_list("binding_id", flat=True).get(pk=number)
        binding = Binding.objects.select_related("connection").get(pk=binding_id)
        # Bindings of one target wait for each other, always in the same order.
        list(same_target(binding).select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        grant = Grant.objects.select_related("asset", "holder").get(pk=number)
        grant.binding = binding
        if cover_of(grant).filter(claimed_until__gt=now).exists():
            return None
        token = now + LEASE
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
        # One whose time is over is given nothing any more: it waits to be ended.
        over = Q(state=GrantState.ACTIVE, expires_at__lte=now)
        rows = Grant.objects.filter(free, ~over, pk=number, state=grant.state, generation=grant.generation)
        due = rows.filter(state__in=AT_TARGET, due_at__lte=now)
        if not due.update(claimed_until=token, attempts=F("attempts") + 1):
            return None
        grant.attempts += 1
        grant.claimed_until = token
        if not grant.baseline and (known := known_baseline(grant)):
            grant.baseline = known
            Grant.objects.filter(pk=number).update(baseline=known)
        try:
            carrier = provisioner(binding.provisioner)
        except DomainError as problem:
            carrier = _Missing(problem.reason)
        return Claim(grant, token, _work(grant, binding, now), carrier)


def _work(grant: Grant, binding: Binding, now: datetime) -> Work:
    until = grant.expires_at or now + timedelta(minutes=grant.minutes)
    wanted = Presence.PRESENT if grant.desired == Presence.PRESENT else Presence.ABSENT
    return Work(
        grant=grant.pk,
        generation=grant.generation,
        account=grant.account,
        resource=place_of(grant),
        operation=grant.operation,
        level=level_of(grant),
        wanted=wanted,
        expires_at=until if wanted == Presence.PRESENT else None,
        baseline=str(grant.baseline["level"]) if "level" in grant.baseline else None,
        keep=keep_levels(grant, now),
        connection=binding.connection,
        settings=binding.settings,
    )


def _perform(claim: Claim) -> list[Line]:
    """Call the target: what was there is read before it is changed, a repeat looks first, a look has the last word."""
    grant, work, carrier = claim.grant, claim.work, claim.carrier
    lines: list[Line] = []
    if work.wanted == Presence.ABSENT and work.baseline is None:
        # What was there is kept before the first call that changes anything: so there was none.
        return [(Carried.OBSERVE, Report(True, Presence.ABSENT, evidence={"why": "Nothing was ever given."}))]
    if work.wanted == Presence.PRESENT:
        if work.baseline is None:
            report = _call(carrier.observe, work)
            lines.append((Carried.OBSERVE, report))
            if not report.worked or not _keep_baseline(claim, report.level):
                return lines
            work = work.with_baseline(report.level)
        elif grant.attempts > 1 or grant.state == GrantState.ACTIVE:
            lines.append((Carried.OBSERVE, _call(carrier.observe, work)))
            if lines[-1][1].observed == Presence.PRESENT:
                return lines
        lines.append((Carried.GRANT, _call(carrier.grant, work)))
    elif grant.state in (GrantState.ENDING, GrantState.SUSPENDED):
        if grant.attempts > 1:
            lines.append((Carried.OBSERVE, _call(carrier.observe, work)))
            if lines[-1][1].observed == Presence.ABSENT:
                return lines
        lines.append((Carried.REVOKE, _call(carrier.revoke, work)))
    lines.append((Carried.OBSERVE, _call(carrier.observe, work)))
    return lines


def _keep_baseline(claim: Claim, level: str) -> bool:
    """Keep what was there before, ahead of any change; return whether the claim still holds."""
    mine = Grant.objects.filter(
        pk=claim.grant.pk, generation=claim.grant.generation, claimed_until=claim.token, state=GrantState.ACTIVATING
    )
    return bool(mine.update(baseline={"level": level, "read_at": clock.now().isoformat()}))


def _call(what: Callable[[Work], Report], work: Work) -> Report:
    """Make one call; whatever goes wrong is an answer too: not worked, not known."""
    try:
        report = what(work)
    except Exception as problem:
        return Report(False, evidence={"problem": f"{type(problem).__name__}: {problem}"[:300]})
    return report if isinstance(report, Report) else Report(False, evidence={"problem": "No report came back."})


class _Missing:
    """Stands for a provisioner that is not there: nothing works, nothing is known, and the reason is kept."""

    key = title = ""
    native_expiry = executes = False
    levels: tuple[str, ...] = ()

    def __init__(self, reason: str) -> None:
        self._report = Report(False, evidence={"problem": reason})

    def grant(self, work: Work | Order) -> Report:
        """Tell why not."""
        return self._report

    revoke = observe = execute = executed = grant

    def scan(self, binding: Binding) -> list[Found]:
        """Return nothing."""
        return []
