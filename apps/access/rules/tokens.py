"""Who may take a token for a grant."""

from apps.access.models import Grant
from apps.core.actor import Actor, Strength
from apps.core.decision import ALLOWED, Decision, refused


def can_take_token(actor: Actor, grant: Grant) -> Decision:
    """Its holder alone: signed in, or a service account by a token of its own that may ask for access."""
    if actor.user_id is None or actor.user_id != grant.holder_id:
        return refused("Only the holder of a grant takes a token for it.")
    if actor.strength is Strength.TOKEN and "request" not in (actor.scopes or ()):
        return refused("This token may not ask for access.")
    return ALLOWED
