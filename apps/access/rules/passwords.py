"""Who may see the password of a grant's own role."""

from datetime import datetime

from apps.access.models import Grant
from apps.access.states import GrantState
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Strength
from apps.core.decision import Decision, refused


def can_see_password(actor: Actor, grant: Grant, now: datetime) -> Decision:
    """The holder, signed in with a second factor, while the grant is usable; nobody else, whatever their role."""
    if actor.user_id is None or actor.user_id != grant.holder_id:
        return refused("Only its holder sees the password.")
    if grant.state != GrantState.ACTIVE or grant.expires_at is None or now >= grant.expires_at:
        return refused("This grant is not usable now.")
    if actor.strength is Strength.TOKEN:
        return refused("A token is shown no password.")
    return requires_second_factor(actor)
