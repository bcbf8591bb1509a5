"""Who may do what to channels, messages and notice settings."""

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role, Strength
from apps.core.decision import ALLOWED, Decision, refused
from apps.core.notices import NoticeKind
from apps.notices.models import Channel


def can_see_setup(actor: Actor) -> Decision:
    """Security admins and auditors."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.AUDITOR):
        return ALLOWED
    return refused("Channels and undelivered messages are for security administrators and auditors.")


def can_manage_channels(actor: Actor) -> Decision:
    """Security admins with a second factor: a channel carries facts out of the portal."""
    if not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator manages channels.")
    return requires_second_factor(actor)


def can_test(actor: Actor, channel: Channel) -> Decision:
    """As managing, while the channel is on."""
    managing = can_manage_channels(actor)
    if managing and not channel.enabled:
        return refused("This channel is off.")
    return managing


def can_replay(actor: Actor) -> Decision:
    """Security admins with a second factor."""
    return can_manage_channels(actor)


def can_choose(actor: Actor, kind: NoticeKind, *, by_mail: bool) -> Decision:
    """A person, for themselves; what must be heard stays on."""
    if actor.user_id is None or actor.kind != "person" or actor.strength is Strength.TOKEN:
        return refused("Notice settings are a person's own.")
    if not by_mail and not kind.may_opt_out:
        return refused(f"“{kind.title}” always comes by mail.")
    return ALLOWED
