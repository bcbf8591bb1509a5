"""Where a request stands: its open stage, who may fill it now, whose votes count, and what decided it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from apps.access.models import AccessRequest, HeldOperation, Vote
from apps.access.policies.versions import current
from apps.access.queries.approvers import Bench, Matter, bench
from apps.access.queries.digest import artifact_of, digest_of
from apps.access.queries.people import Who, who_are
from apps.access.queries.plan import Plan, plan
from apps.access.states import Choice, RequestState
from apps.accounts.models import User


@dataclass(frozen=True, slots=True)
class Standing:
    """The open stage of a request with everyone who may fill it and who has voted for it so far."""

    bench: Bench
    taken: tuple[Who, ...]

    def why_not(self, user_id: UUID) -> str:
        """Return why this user may not decide now, empty when they may."""
        return self.bench.why_not(user_id, self.taken)

    def on_behalf_of(self, user_id: UUID) -> UUID | None:
        """Return for whom this user would decide, None when for themselves."""
        for seat in self.bench.seats(self.taken):
            if seat.who.user_id == user_id:
                return seat.on_behalf_of.user_id if seat.on_behalf_of else None
        return None


def stage_of(request: AccessRequest) -> dict[str, object]:
    """Return the open stage as the request keeps it; empty where none is open."""
    if 1 <= request.stage <= len(request.route):
        stage: dict[str, object] = request.route[request.stage - 1]
        return stage
    return {}


def rules_of(request: AccessRequest) -> tuple[str, ...]:
    """Return the approver rules of the open stage, with that of its escalation once it escalated."""
    stage = stage_of(request)
    rules = [str(stage["rule"])] if stage else []
    if stage and request.escalated_at is not None and stage["escalate_to"]:
        rules.append(str(stage["escalate_to"]))
    return tuple(rules)


def matter_of(request: AccessRequest, who: dict[UUID, Who]) -> Matter:
    """Return what is decided. No query when the asset, its owner and its parent are loaded."""
    return Matter(
        asset=request.asset,
        operation=request.operation,
        tier=request.tier,
        requester=who[request.requester_id],
        beneficiary=who[request.beneficiary_id],
        opened_at=request.created_at,
        approvals=sum(int(stage["need"]) for stage in request.route),
    )


def counted_votes(request: AccessRequest) -> list[Vote]:
    """Return the votes that count: of each person the latest, for what is shown now, and not taken back. One query."""
    latest: dict[UUID, Vote] = {}
    for vote in Vote.objects.filter(request_id=request.pk).select_related("voter", "on_behalf_of").order_by("pk"):
        latest[vote.voter_id] = vote
    return [v for v in latest.values() if v.choice == Choice.APPROVE and v.digest == request.digest]


def standing(request: AccessRequest, now: datetime, also: Iterable[UUID] = ()) -> Standing:
    """Return who may decide the open stage now. At most 20 queries."""
    votes = counted_votes(request)
    voters = {pk for vote in votes for pk in (vote.voter_id, vote.on_behalf_of_id) if pk is not None}
    who = who_are({request.requester_id, request.beneficiary_id, *voters})
    found = bench(matter_of(request, who), rules_of(request), now, also)
    return Standing(found, tuple(who[pk] for pk in sorted(voters, key=str) if pk in who))


def recheck(request: AccessRequest, now: datetime) -> Plan:
    """Return the plan of a request as it would be made now, not in its own way: asked before it is granted."""
    return plan(
        requester=request.requester,
        beneficiary=request.beneficiary,
        actor=None,
        asset=request.asset,
        operation=request.operation,
        minutes=request.minutes,
        start_at=request.start_at,
        now=now,
        judged=request,
    )


def digest_now(request: AccessRequest) -> str:
    """Return the digest of what an approver would be shown now. Two queries."""
    version = current()
    held = HeldOperation.objects.filter(request_id=request.pk).values_list("payload_digest", flat=True).first()
    return digest_of(
        request,
        artifact=artifact_of(request.asset),
        policy_version=version.number if version else None,
        payload=held or "",
    )


def ago(then: datetime, now: datetime) -> str:
    """Return how long ago in words, exact where it matters: 20 s, 4 min, 3 h, else the day."""
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 60:
        return f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    return f"{seconds // 3600} h ago" if seconds < 86400 else f"on {then:%Y-%m-%d}"


def settled(request: AccessRequest, now: datetime) -> str:
    """Return who or what decided a request, and when, for whoever comes too late. One query."""
    when = ago(request.decided_at, now) if request.decided_at else ""
    last = Vote.objects.filter(request_id=request.pk).select_related("voter").order_by("-pk").first()
    name = last.voter.name if last else ""
    if request.state == RequestState.DENIED and last is not None and last.choice == Choice.DENY:
        return f"{name} refused {when}."
    if request.state == RequestState.APPROVED:
        return f"{name} approved {when}." if last is not None else f"It was granted {when}."
    if request.state == RequestState.CANCELLED:
        by = User.objects.get(pk=request.requester_id).name
        return f"{by} withdrew this {when}." if not request.outcome_reason else request.outcome_reason
    return request.outcome_reason or f"This is decided already ({request.get_state_display().lower()}) {when}."
