"""What people are told about requests: each fact once, in the transaction of what it tells of; links open pages."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from apps.access.models import AccessRequest, HeldOperation
from apps.accounts.queries import role_holders
from apps.core.actor import Actor, Role
from apps.core.events import Subject
from apps.core.notices import Fact, NoticeKind, Templates
from apps.governance.operations import OPERATIONS
from apps.notices.services import owe

KINDS = (
    NoticeKind(
        "access.request.waiting",
        "A request waits for your decision",
        Templates(
            "{who} asks: {operation} – {asset}",
            ("For {beneficiary}, who would have it", "{length}", "Answer by {due}"),
            "Open the request",
        ),
    ),
    NoticeKind(
        "access.request.outcome",
        "Your request was decided",
        Templates("{asset}: {what}", ("{operation}", "{parties}", "{why}"), "Open the request"),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.held.over",
        "An operation you asked for was run, or was not",
        Templates("{asset}: {what}", ("{operation}", "{parties}", "{why}"), "Open the request"),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.request.question",
        "A question about your request",
        Templates("Question about your request for {asset}", ("{operation}", "{parties}"), "Answer it"),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.request.answered",
        "Your question was answered",
        Templates("{who} answered about {asset}", ("{operation}", "{parties}"), "Open the request"),
    ),
    NoticeKind(
        "access.request.nobody",
        "Nobody can approve a request",
        Templates("Nobody can approve: {operation} – {asset}", ("{why}",), "Open the request"),
        may_opt_out=False,
    ),
)
#: Kinds told to those who decide; the others go to who asked.
TO_DECIDE = frozenset({"access.request.waiting", "access.request.answered"})


def subject_of(request: AccessRequest) -> Subject:
    """Return a request as the subject of an event."""
    return Subject("access_request", str(request.pk), request.name)


def tell(
    kind: str, *, actor: Actor, request: AccessRequest, to: Iterable[UUID], once: str, now: datetime, **facts: Fact
) -> None:
    """Owe a fact about a request to people; `once` names it within the request."""
    people = list(dict.fromkeys(to))
    if not people:
        return
    common: dict[str, Fact] = {
        "asset": request.asset_label,
        "operation": OPERATIONS[request.operation].verb,
        "who": request.requester.name,
    }
    if request.requester_id != request.beneficiary_id:
        both = f"For {request.beneficiary.name}, asked by {request.requester.name}"
        common |= {"beneficiary": request.beneficiary.name, "parties": both}
    owe(
        actor=actor,
        kind=kind,
        to_user_ids=people,
        subject=subject_of(request),
        facts=common | facts,
        url=f"/{'approvals' if kind in TO_DECIDE else 'access'}/REQ-{request.pk}",
        once_key=f"request:{request.pk}:{once}",
        now=now,
    )


def tell_asked(*, actor: Actor, request: AccessRequest, to: Iterable[UUID], once: str, now: datetime) -> None:
    """Tell approvers that a request waits for them."""
    once_only = HeldOperation.objects.filter(request_id=request.pk).exists()
    facts: dict[str, Fact] = {"length": "Once, exactly as written" if once_only else f"For {request.minutes} min"}
    if request.stage_due_at:
        facts["due"] = request.stage_due_at
    tell("access.request.waiting", actor=actor, request=request, to=to, once=once, now=now, **facts)


def tell_outcome(*, actor: Actor, request: AccessRequest, what: str, why: str, now: datetime) -> None:
    """Tell requester and beneficiary what became of a request."""
    to = [request.requester_id, request.beneficiary_id]
    tell("access.request.outcome", actor=actor, request=request, to=to, once="outcome", now=now, what=what, why=why)


def tell_held(*, actor: Actor, request: AccessRequest, what: str, why: str, now: datetime) -> None:
    """Tell requester and beneficiary what became of an approved operation."""
    to = [request.requester_id, request.beneficiary_id]
    tell("access.held.over", actor=actor, request=request, to=to, once="held", now=now, what=what, why=why)


def tell_nobody(*, actor: Actor, request: AccessRequest, why: str, now: datetime) -> None:
    """Tell the security administrators that a request failed for want of an approver, and who asked so too."""
    admins = list(role_holders(Role.SECURITY_ADMIN).values_list("pk", flat=True))
    tell("access.request.nobody", actor=actor, request=request, to=admins, once="nobody", now=now, why=why)
    tell_outcome(actor=actor, request=request, what="nobody can approve it", why=why, now=now)
