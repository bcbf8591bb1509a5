"""Signing and refusing: a vote is a row that never changes; the last signature that is needed makes it active."""

from datetime import datetime

from apps.core.actor import Actor, Role
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.governance.events import EXCEPTION_REFUSED, EXCEPTION_SIGNED
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.queries.signing import standing
from apps.governance.references import REFERENCES, evidence_of
from apps.governance.rules.exceptions import can_refuse, can_sign
from apps.governance.services.telling import subject_of, tell, tell_waiting
from apps.governance.states import EXCEPTION_MACHINE, ExceptionState, Vote

MAX_REASON = 2000


def locked(row: RiskException) -> RiskException:
    """Lock an exception and return it as it is now: of two who decide at once, the second waits here."""
    return RiskException.objects.select_for_update(of=("self",), no_key=True).select_related("asked_by").get(pk=row.pk)


@command(EXCEPTION_SIGNED)
def sign(*, actor: Actor, exception: RiskException, reason: str = "", now: datetime) -> Changed:
    """Sign an exception; the value is the exception, active if this was the last signature it needed.

    Raises Forbidden with why the actor may not, Conflict when its compensating check is not met at this moment.
    """
    row = locked(exception)
    can_sign(actor, row, standing(row, actor, now)).require()
    if not evidence_of(row).met:
        raise Conflict(
            "Its compensating check is not met now, so it would not hold. Refuse it, or wait for the next run."
        )
    before = row.state
    vote = _vote(actor, row, Vote.SIGN, reason, now)
    signed = ExceptionVote.objects.filter(exception=row, choice=Vote.SIGN).count()
    if signed >= row.needed:
        _move(row, ExceptionState.ACTIVE, active_at=now)
        source = REFERENCES.get(row.kind)
        if source is not None and source.accepted is not None:
            source.accepted(actor, row, now)
        to = [row.asked_by_id]
        tell(
            "governance.exception.decided", actor=actor, row=row, to=to, once="decided", now=now, what="signed", why=""
        )
    elif row.state == ExceptionState.ASKED:
        _move(row, ExceptionState.SIGNED)
        tell_waiting(actor=actor, row=row, now=now)
    details = {"signatures": signed, "needed": row.needed, "as_ciso": vote.as_ciso, "reason": vote.reason}
    return Changed(subject_of(row), details, value=row, before=before, after=row.state)


@command(EXCEPTION_REFUSED)
def refuse(*, actor: Actor, exception: RiskException, reason: str, now: datetime) -> Changed:
    """Refuse an exception; one refusal decides, whoever signed before. Raises Forbidden, Invalid without a reason."""
    row = locked(exception)
    can_refuse(actor, row, standing(row, actor, now)).require()
    if not reason.strip():
        raise Invalid("Say why you refuse.", reason="Say why you refuse.")
    before = row.state
    vote = _vote(actor, row, Vote.REFUSE, reason, now)
    _move(row, ExceptionState.REFUSED)
    told = {"what": "refused", "why": vote.reason}
    tell("governance.exception.decided", actor=actor, row=row, to=[row.asked_by_id], once="decided", now=now, **told)
    return Changed(subject_of(row), {"reason": vote.reason}, value=row, before=before, after=ExceptionState.REFUSED)


def _vote(actor: Actor, row: RiskException, choice: Vote, reason: str, now: datetime) -> ExceptionVote:
    if len(reason) > MAX_REASON:
        raise Invalid("A reason has at most 2,000 characters.", reason="Give at most 2,000 characters.")
    if actor.user_id is None:
        raise Forbidden("Only a person decides.")
    return ExceptionVote.objects.create(
        exception=row,
        voter_id=actor.user_id,
        choice=choice,
        as_ciso=actor.has(Role.CISO),
        reason=reason.strip(),
        strength=actor.strength.value,
        at=now,
    )


def _move(row: RiskException, after: ExceptionState, **changes: datetime) -> None:
    EXCEPTION_MACHINE.move(RiskException.objects.all(), pk=row.pk, before=row.state, after=after, **changes)
    row.refresh_from_db()
