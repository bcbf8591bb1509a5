"""Who may ask for an exception, sign it, refuse it, end it and say how long one may last; each answer has its reason.

Meta duties: who asks does not sign, and neither does a security administrator, who edits the rules of duties.
"""

from apps.accounts.rules import must_have_factor, requires_second_factor
from apps.core.actor import Actor, Role, Strength
from apps.core.decision import ALLOWED, Decision, refused
from apps.governance.models import RiskException
from apps.governance.queries.signing import Standing
from apps.governance.references import Reference
from apps.governance.rules.proof import has_fresh_proof
from apps.governance.states import WAITING_EXCEPTIONS, ExceptionState, Severity

SERIOUS = (Severity.CRITICAL, Severity.HIGH)
OWNER = "Only the owner asks for an exception."


def signatures(severity: str) -> int:
    """Return how many signatures it takes; with two, one is the CISO's."""
    return 2 if severity in SERIOUS else 1


def _person(actor: Actor) -> Decision:
    if actor.kind != "person" or actor.user_id is None:
        return refused("Only a person does this.")
    if actor.strength in (Strength.TOKEN, Strength.NONE):
        return refused("A token does not do this; sign in.")
    return ALLOWED


def can_ask(actor: Actor, reference: Reference, standing_one: RiskException | None = None) -> Decision:
    """The owner of what it is about, at a session or by a token that may ask, while no other exception stands."""
    by_token = actor.strength is Strength.TOKEN and "request" in (actor.scopes or ())
    if not by_token or actor.kind != "person":
        signed_in = _person(actor)
        if not signed_in:
            return signed_in
    if actor.has(Role.AUDITOR):
        return refused("Auditors look, they do not act.")
    if actor.user_id not in reference.owners:
        return refused(OWNER)
    if reference.closed:
        return refused(reference.closed)
    if standing_one is not None:
        return refused(f"{standing_one.name} is about this already.")
    return requires_second_factor(actor) if must_have_factor(actor) and not by_token else ALLOWED


def _waits(row: RiskException, stands: Standing) -> Decision:
    if row.state not in WAITING_EXCEPTIONS:
        return refused(f"This exception is decided: {row.get_state_display().lower()}.")
    if row.ends_on < stands.now.date():
        return refused("Its end date passed before it was signed.")
    return ALLOWED


def may_decide(actor: Actor, row: RiskException, stands: Standing) -> Decision:
    """Whether the next signature is the actor's to give, by standing roles now; without the step-up.

    The CISO, or a manager of its team; no security administrator, nor anybody who asked, owns it, gains by it, decided
    about it or signed, by whichever account.
    """
    signed_in = _person(actor)
    if not signed_in:
        return signed_in
    if stands.me is None or stands.asker is None:
        return refused("It is not known who you are.")
    if actor.user_id == row.asked_by_id or stands.me.same_as(stands.asker):
        return refused("You asked for it; somebody else signs.")
    if actor.has(Role.SECURITY_ADMIN) or stands.is_me(stands.editors):
        return refused("Security administrators edit the rules, so they do not sign exceptions from them.")
    if stands.is_me(stands.parties):
        return refused("You own this, hold the access or decided about it; somebody else signs.")
    if stands.is_me(stands.voted):
        return refused("You signed already; somebody else signs too.")
    ciso = actor.has(Role.CISO)
    if not ciso and not (actor.has(Role.MANAGER) and row.team_id in actor.managed_team_ids):
        return refused("The CISO signs, or a manager of its team.")
    if row.needed == 2 and stands.voted and not stands.by_ciso and not ciso:
        return refused("The signature that is missing is the CISO's.")
    return ALLOWED


def can_sign(actor: Actor, row: RiskException, stands: Standing) -> Decision:
    """Whoever may decide, with a fresh second factor, while it waits and its reason still stands."""
    for decision in (_waits(row, stands), may_decide(actor, row, stands)):
        if not decision:
            return decision
    if stands.reference is None or stands.reference.closed:
        return refused(stands.reference.closed if stands.reference else "What it is about is no longer there.")
    return has_fresh_proof(actor, 1 if row.severity in SERIOUS else 2, stands.now)


def can_refuse(actor: Actor, row: RiskException, stands: Standing) -> Decision:
    """Whoever may decide; a second factor of this session is enough, because a refusal gives nothing."""
    for decision in (_waits(row, stands), may_decide(actor, row, stands)):
        if not decision:
            return decision
    return requires_second_factor(actor)


def can_withdraw(actor: Actor, row: RiskException) -> Decision:
    """Who asked, the CISO, and whoever signed: ending it only takes away, so no step-up."""
    signed_in = _person(actor)
    if not signed_in:
        return signed_in
    if row.state not in (*WAITING_EXCEPTIONS, ExceptionState.ACTIVE):
        return refused(f"This exception is over: {row.get_state_display().lower()}.")
    signed = any(vote.voter_id == actor.user_id for vote in row.votes.all())
    if actor.user_id != row.asked_by_id and not signed and not actor.has(Role.CISO):
        return refused("Who asked, who signed and the CISO end an exception.")
    return requires_second_factor(actor) if must_have_factor(actor) else ALLOWED


def can_set_limits(actor: Actor) -> Decision:
    """Security administrators, with a second factor."""
    if actor.kind != "system" and not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator changes how long an exception may last.")
    return requires_second_factor(actor)
