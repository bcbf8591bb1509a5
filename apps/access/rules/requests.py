"""Who may ask, withdraw, remind, question, answer, decide and delegate; each answer has its reason."""

from datetime import datetime, timedelta
from uuid import UUID

from apps.access.models import AccessRequest, Delegation, Grant, Vote
from apps.access.queries.deciding import Standing, settled, standing
from apps.access.states import OPEN_REQUESTS, Choice, GrantState, RequestState
from apps.accounts.models import User
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role, Strength
from apps.core.decision import ALLOWED, Decision, refused
from apps.core.errors import Forbidden
from apps.governance.rules.proof import has_fresh_proof as has_fresh_proof

REMIND_EVERY = timedelta(minutes=15)
UNDO_WITHIN = timedelta(seconds=30)
LONGEST_DELEGATION = timedelta(days=60)


def _signed_in(actor: Actor) -> Decision:
    """A person at a session: tokens and the system ask for nothing and decide nothing."""
    if actor.kind != "person" or actor.user_id is None:
        return refused("Only a person does this.")
    if actor.strength in (Strength.TOKEN, Strength.NONE):
        return refused("A token does not do this; sign in with a second factor.")
    return ALLOWED


def person_id(actor: Actor) -> UUID:
    """Return the user behind the actor. Raises Forbidden for what is no signed-in person."""
    if actor.user_id is None:
        raise Forbidden("Only a person does this.")
    return actor.user_id


def _may_ask(actor: Actor) -> Decision:
    """A person at a session, or a token with the scope for it."""
    if actor.strength is Strength.TOKEN and actor.user_id is not None:
        if "request" in (actor.scopes or ()):
            return ALLOWED
        return refused("This token may not ask for access: it has not the scope “request”.")
    return _signed_in(actor)


def can_request(actor: Actor, beneficiary: User) -> Decision:
    """Anyone who signs in, for themselves; managers for members of their teams, and for service accounts in them;
    programs with the scope for it likewise, service accounts for themselves and the people of their teams."""
    asking = _may_ask(actor)
    if not asking:
        return asking
    if actor.user_id == beneficiary.pk:
        return ALLOWED
    teams = set(beneficiary.memberships.values_list("team_id", flat=True))
    if actor.kind == "service" and teams & actor.team_ids:
        return ALLOWED
    if actor.has(Role.MANAGER) and teams & actor.managed_team_ids:
        return ALLOWED
    if beneficiary.kind == User.Kind.SERVICE and teams & actor.team_ids:
        return ALLOWED
    return refused("You ask for yourself, for a service account of your team, or as manager for your team.")


def is_open(request: AccessRequest, now: datetime) -> Decision:
    """Whether a request still waits: its own time limit counts even when nothing has written it down yet."""
    if request.state not in OPEN_REQUESTS:
        return refused(settled(request, now))
    if now >= request.expires_at:
        return refused("The time to answer this is over.")
    return ALLOWED


def has_asked(actor: Actor, request: AccessRequest) -> bool:
    """Return whether the actor is requester or beneficiary."""
    return actor.user_id is not None and actor.user_id in (request.requester_id, request.beneficiary_id)


def can_withdraw(actor: Actor, request: AccessRequest) -> Decision:
    """Requester and beneficiary, while it waits."""
    return _as_party(actor, request, "Only who asked withdraws a request.")


def can_answer(actor: Actor, request: AccessRequest) -> Decision:
    """Requester and beneficiary, while a question is open."""
    if request.state != RequestState.NEEDS_INFO:
        return refused("No question is open.")
    return _as_party(actor, request, "Only who asked answers.")


def can_remind(actor: Actor, request: AccessRequest, now: datetime) -> Decision:
    """Requester and beneficiary, once in 15 minutes, while it waits for an approver."""
    mine = _as_party(actor, request, "Only who asked reminds.")
    if not mine:
        return mine
    if request.state != RequestState.PENDING:
        return refused("This waits for your answer, not for an approver.")
    if request.reminded_at is not None and now < request.reminded_at + REMIND_EVERY:
        minutes = -(-int((request.reminded_at + REMIND_EVERY - now).total_seconds()) // 60)
        return refused(f"They were reminded less than 15 minutes ago; again in {minutes} min.")
    return ALLOWED


def _as_party(actor: Actor, request: AccessRequest, otherwise: str) -> Decision:
    """Requester and beneficiary, at a session or by a token that may ask, while it waits."""
    asking = _may_ask(actor)
    if not asking:
        return asking
    if not has_asked(actor, request):
        return refused(otherwise)
    if request.state not in OPEN_REQUESTS:
        return refused(f"This request is decided: {request.get_state_display().lower()}.")
    return ALLOWED


def can_see_card(actor: Actor, request: AccessRequest) -> Decision:
    """Whoever sees the request, but its parties: the card tells approvers what speaks for and against them."""
    if has_asked(actor, request):
        return refused("You are a party to this request; its card is for those who decide.")
    return ALLOWED


def may_fill(actor: Actor, request: AccessRequest, now: datetime, stands: Standing | None = None) -> Decision:
    """Whether the open stage is the actor's to decide, by standing roles now; without the step-up."""
    signed_in = _signed_in(actor)
    if not signed_in:
        return signed_in
    if actor.user_id is None:
        return refused("Only a person decides.")
    if has_asked(actor, request):
        return refused("You are a party to this request; somebody else decides.")
    found = stands or standing(request, now, [actor.user_id])
    reason = found.why_not(actor.user_id)
    return refused(reason) if reason else ALLOWED


def can_decide(actor: Actor, request: AccessRequest, now: datetime, stands: Standing | None = None) -> Decision:
    """Approve or refuse: an eligible approver of the open stage, with a fresh second factor, while it waits."""
    waiting = is_open(request, now)
    if not waiting:
        return waiting
    mine = may_fill(actor, request, now, stands)
    return has_fresh_proof(actor, request.tier, now) if mine else mine


def can_refuse(actor: Actor, request: AccessRequest, now: datetime, stands: Standing | None = None) -> Decision:
    """Who may decide may refuse; a second factor of this session is enough, because a refusal gives nothing."""
    waiting = is_open(request, now)
    if not waiting:
        return waiting
    mine = may_fill(actor, request, now, stands)
    return requires_second_factor(actor) if mine else mine


def can_ask(actor: Actor, request: AccessRequest, now: datetime, stands: Standing | None = None) -> Decision:
    """Who may decide may ask first; a second factor of this session is enough."""
    waiting = is_open(request, now)
    if not waiting:
        return waiting
    if request.state == RequestState.NEEDS_INFO:
        return refused("A question is open already.")
    mine = may_fill(actor, request, now, stands)
    return requires_second_factor(actor) if mine else mine


def can_undo(actor: Actor, request: AccessRequest, vote: Vote | None, now: datetime) -> Decision:
    """Whoever approved, for 30 seconds: taking a vote back only takes away, so no step-up."""
    signed_in = _signed_in(actor)
    if not signed_in:
        return signed_in
    if vote is None or vote.voter_id != actor.user_id or vote.choice != Choice.APPROVE:
        return refused("Only an approval of your own is undone.")
    if now > vote.at + UNDO_WITHIN:
        return refused("An approval is undone within 30 seconds; revoke the grant instead.")
    if request.state not in (RequestState.PENDING, RequestState.APPROVED):
        return refused(settled(request, now))
    return ALLOWED


def can_extend(actor: Actor, grant: Grant, now: datetime) -> Decision:
    """The holder of an active grant, before it is over, also by a token that may ask; emergency access is not
    extended."""
    asking = _may_ask(actor)
    if not asking:
        return asking
    if actor.user_id != grant.holder_id:
        return refused("Only its holder asks for an extension.")
    if grant.emergency:
        return refused("Emergency access is not extended; ask in the ordinary way.")
    if grant.state != GrantState.ACTIVE or grant.expires_at is None or now >= grant.expires_at:
        return refused("Only an active grant is extended; ask anew.")
    return ALLOWED


def can_delegate(actor: Actor, to: User) -> Decision:
    """A manager, CISO, security administrator or asset owner, with a second factor, to another active person."""
    signed_in = _signed_in(actor)
    if not signed_in:
        return signed_in
    if actor.user_id == to.pk:
        return refused("You decide for yourself anyway.")
    if not to.is_active or to.kind != User.Kind.PERSON:
        return refused("Only an active person can stand in.")
    return requires_second_factor(actor)


def can_end_delegation(actor: Actor, delegation: Delegation) -> Decision:
    """Either side, security administrators and the system."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN):
        return ALLOWED
    if actor.user_id is not None and actor.user_id in (delegation.delegator_id, delegation.delegate_id):
        return ALLOWED
    return refused("A delegation is ended by either side or a security administrator.")
