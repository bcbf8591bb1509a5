"""Who gives a second answer for comparison."""

from apps.core.actor import Actor, Role
from apps.core.decision import Decision, refused
from apps.core.persons import accounts_of
from apps.reviews.models import Item
from apps.reviews.queries.independence import conflict_of
from apps.reviews.queries.seconding import answered_by
from apps.reviews.rules.deciding import can_review


def can_look_twice(actor: Actor) -> Decision:
    """The CISO or a security administrator, at a session with a second factor."""
    reviewing = can_review(actor)
    if not reviewing:
        return reviewing
    if actor.user_id is None or not actor.has(Role.CISO, Role.SECURITY_ADMIN):
        return refused("Second answers are given by the CISO and by security administrators.")
    return reviewing


def can_second(actor: Actor, item: Item) -> Decision:
    """Who looks twice, when somebody else answered and it is not access of their own, by whichever account."""
    looking = can_look_twice(actor)
    if not looking or actor.user_id is None:
        return looking
    if accounts_of(answered_by(item), [actor.user_id]):
        return refused("You answered this; a second answer is somebody else's.")
    conflict = conflict_of(item, [actor.user_id])
    return refused(conflict) if conflict else looking
