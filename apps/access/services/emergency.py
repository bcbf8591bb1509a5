"""Break-glass: a grant first and the questions after, for people who were let beforehand by two others."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.access.events import (
    EMERGENCY_REVIEWED,
    EMERGENCY_USED,
    PERMIT_CONFIRMED,
    PERMIT_ENDED,
    PERMIT_PROPOSED,
)
from apps.access.models import AfterReview, BreakGlass, EmergencyPermit, Grant
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.emergency import review_due
from apps.access.queries.plan import Plan, plan
from apps.access.rules.emergency import (
    can_break_glass,
    can_confirm_permit,
    can_end_permit,
    can_propose_permit,
    can_review,
)
from apps.access.services.activation import begin
from apps.access.services.ending import TASK
from apps.access.services.grants import carrying_binding
from apps.access.services.receipts import subject_of
from apps.access.services.telling import admins, officers, tell
from apps.access.states import AFTER_REVIEW_MACHINE, AfterReviewState
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.inventory.models import Asset

#: A permit lasts at most this long; then two people think about it again.
PERMIT_DAYS = 180
#: An emergency that could not be carried by then is none any more.
ACTIVATE_WITHIN = timedelta(hours=1)


@command(EMERGENCY_USED)
def break_glass(
    *, actor: Actor, asset: Asset, operation: str, minutes: int, reason: str, drill: bool = False, now: datetime
) -> Changed:
    """Give oneself access for at most an hour without an approval; the value is the grant.

    Every approver whose decision is skipped, the CISO and the security administrators are told in the same transaction,
    and a review is owed within one working day. What policies and duties say is kept for that review; it does not stop
    the access. Raises Forbidden with the reason, Invalid without one's own reason, Conflict while a review is open.
    """
    can_break_glass(actor, asset, operation, minutes, now).require()
    if not reason.strip() or len(reason) > 2000:
        raise Invalid("Say what the emergency is, in 1 to 2000 characters.", why="Say what the emergency is.")
    holder = User.objects.get(pk=actor.user_id)
    said = plan(
        requester=holder, beneficiary=holder, actor=actor, asset=asset, operation=operation, minutes=minutes,
        start_at=None, now=now, emergency=True,
    )  # fmt: skip
    grant = _grant(holder, asset, said, minutes, now)
    skipped = _skipped(said)
    used = BreakGlass.objects.create(
        grant=grant, user=holder, reason=reason.strip(), skipped=[str(user) for user in skipped], drill=drill, at=now
    )
    due = _owe_review(used, now)
    if grant.binding.provisioner == PORTAL:
        begin(actor=actor, grant=grant, now=now)
    else:
        enqueue(TASK, grant.pk)
    grant.refresh_from_db()
    _tell_all(actor, used, due, now)
    facts: dict[str, object] = {
        "operation": operation,
        "asset": grant.asset_label,
        "minutes": minutes,
        "reason": reason.strip(),
        "skipped": [str(user) for user in skipped],
        "drill": drill,
        "policy": "" if said.decision else said.decision.reason,
    }
    return Changed(subject_of(grant), facts, value=grant, after=grant.state)


def _grant(holder: User, asset: Asset, said: Plan, minutes: int, now: datetime) -> Grant:
    return Grant.objects.create(
        holder=holder,
        asset=asset,
        asset_label=str(asset),
        operation=said.operation,
        tier=said.tier,
        minutes=minutes,
        emergency=True,
        binding=carrying_binding(asset, said.operation, now),
        start_at=now,
        activate_by=now + ACTIVATE_WITHIN,
        due_at=now,
        created_at=now,
    )


def _owe_review(used: BreakGlass, now: datetime) -> datetime:
    """Write the review that is owed; return by when. Raises Conflict while another is open."""
    due = review_due(now)
    try:
        with transaction.atomic():
            AfterReview.objects.create(break_glass=used, holder=used.user, due_at=due)
    except IntegrityError:
        raise Conflict("The review of your last emergency access is still open.") from None
    return due


def _tell_all(actor: Actor, used: BreakGlass, due: datetime, now: datetime) -> None:
    """Tell every approver who was skipped, the CISO and the security administrators."""
    skipped = {UUID(user) for user in used.skipped}
    tell(
        "access.emergency.used",
        actor=actor,
        grant=used.grant,
        to={*skipped, *officers(), *admins()} - {used.user_id},
        once="emergency",
        now=now,
        until=now + timedelta(minutes=used.grant.minutes),
        reason=used.reason,
        due=due,
        drill="This is a drill." if used.drill else "",
    )


def _skipped(said: Plan) -> list[UUID]:
    """Return everybody who would have been asked, each once, in the order of the stages."""
    return list(dict.fromkeys(seat.who.user_id for stage in said.stages for seat in stage.people))


@command(EMERGENCY_REVIEWED)
def review(*, actor: Actor, after_review: AfterReview, justified: bool, verdict: str, now: datetime) -> Changed:
    """Say whether an emergency access was justified, and why; after that its holder may use the glass again.

    Raises Forbidden for everybody involved, Invalid without a verdict, Conflict when somebody else reviewed it.
    """
    can_review(actor, after_review).require()
    if not verdict.strip() or len(verdict) > 2000:
        raise Invalid("Say what you found, in 1 to 2000 characters.", verdict="Say what you found.")
    AFTER_REVIEW_MACHINE.move(
        AfterReview.objects.all(),
        pk=after_review.pk,
        before=AfterReviewState.OPEN,
        after=AfterReviewState.JUSTIFIED if justified else AfterReviewState.UNJUSTIFIED,
        reviewer_id=actor.user_id,
        verdict=verdict.strip(),
        decided_at=now,
    )
    after_review.refresh_from_db()
    grant = after_review.break_glass.grant
    facts: dict[str, object] = {"grant": grant.name, "justified": justified, "verdict": verdict.strip()}
    state = after_review.state
    return Changed(subject_of(grant), facts, value=after_review, before=AfterReviewState.OPEN, after=state)


@command(PERMIT_PROPOSED)
def permit(*, actor: Actor, user: User, until_on: date, now: datetime) -> Changed:
    """Propose that a person may break the glass until a date; the value is the permit, not yet in force.

    Raises Forbidden, Invalid for a date that is past or more than 180 days ahead.
    """
    can_propose_permit(actor, user).require()
    if not now.date() < until_on <= now.date() + timedelta(days=PERMIT_DAYS):
        text = f"A permit ends within {PERMIT_DAYS} days."
        raise Invalid(text, until_on=text)
    made = EmergencyPermit.objects.create(user=user, proposed_by_id=actor.user_id, proposed_at=now, until_on=until_on)
    return _permit_changed(made, "", "proposed", until_on=until_on.isoformat())


@command(PERMIT_CONFIRMED)
def confirm_permit(*, actor: Actor, permit: EmergencyPermit, now: datetime) -> Changed:
    """Put a permit in force. Raises Forbidden for the proposer and the person themselves, Conflict when it changed."""
    can_confirm_permit(actor, permit, now).require()
    rows = EmergencyPermit.objects.filter(pk=permit.pk, confirmed_at__isnull=True, ended_at__isnull=True)
    if not rows.update(confirmed_by_id=actor.user_id, confirmed_at=now):
        raise Conflict("This permit is confirmed or over.")
    permit.refresh_from_db()
    return _permit_changed(permit, "proposed", "confirmed", proposed_by=str(permit.proposed_by_id))


@command(PERMIT_ENDED)
def end_permit(*, actor: Actor, permit: EmergencyPermit, now: datetime) -> Changed:
    """End a permit, or withdraw a proposal, at once. Raises Forbidden, Conflict when it is over already."""
    can_end_permit(actor, permit).require()
    if not EmergencyPermit.objects.filter(pk=permit.pk, ended_at__isnull=True).update(ended_at=now):
        raise Conflict("This permit is over.")
    permit.refresh_from_db()
    return _permit_changed(permit, "confirmed" if permit.confirmed_at else "proposed", "ended")


def _permit_changed(made: EmergencyPermit, before: str, after: str, **facts: object) -> Changed:
    subject = Subject("emergency_permit", str(made.pk), made.user.name)
    return Changed(subject, {"user": str(made.user_id), **facts}, value=made, before=before, after=after)
