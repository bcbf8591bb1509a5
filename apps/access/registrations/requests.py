"""What asking and deciding tell core at start-up: steps of the reconciler, notices, subjects, a part in leaving."""

from apps.access.models import AccessRequest
from apps.access.services import due
from apps.access.services.leaving import offboard
from apps.access.services.notifying import KINDS
from apps.accounts.participants import PARTICIPANTS
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.jobs import RECONCILERS
from apps.core.notices import SEEN, register_kind

ACTOR = system("reconciler")


def expire_requests() -> int:
    """Write down which requests were not answered in time; return how many."""
    return int(due.expire_due(actor=ACTOR, now=clock.now()).value)


def resolve_gone_requests() -> int:
    """End requests for assets that are gone; return how many."""
    return int(due.resolve_gone(actor=ACTOR, now=clock.now()).value)


def escalate_requests() -> int:
    """Put late stages to more people; return how many."""
    return due.escalate_due(actor=ACTOR, now=clock.now())


def remind_requests() -> int:
    """Remind the approvers of stages whose time has come; return how many stages."""
    return due.remind_due(actor=ACTOR, now=clock.now())


def sees_request(actor: Actor, number: str) -> bool:
    """Return whether the actor sees a request."""
    return number.isdigit() and AccessRequest.objects.visible_to(actor).filter(pk=int(number)).exists()


def register_requests() -> None:
    """Make all registrations; a name taken by another stops the start."""
    for kind in KINDS:
        register_kind(kind)
    for name, step in (
        ("access.expire_requests", expire_requests),
        ("access.resolve_gone_requests", resolve_gone_requests),
        ("access.escalate_requests", escalate_requests),
        ("access.remind_requests", remind_requests),
    ):
        RECONCILERS.register(name, step)
    PARTICIPANTS.register("access.requests", offboard)
    SEEN.register("access_request", sees_request)
