"""The inbox of those who decide: what waits for one, what waits for others after one saw it, and what is decided."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from apps.access.models import AccessRequest, Asked, Vote
from apps.access.queries.approvers import usual_minutes
from apps.access.states import OPEN_REQUESTS, Choice, RequestState
from apps.core.actor import Actor, Role

WEEK = timedelta(days=7)
UNDO_SECONDS = 30
APPROVERS = (Role.MANAGER, Role.CISO, Role.SECURITY_ADMIN)


def _put_to(actor: Actor, user_id: UUID) -> QuerySet[AccessRequest]:
    """Return the requests ever put to the actor, never their own."""
    asked = Asked.objects.filter(request_id=OuterRef("pk"), user_id=user_id)
    rows = AccessRequest.objects.visible_to(actor).filter(Exists(asked))
    own = Q(requester_id=user_id) | Q(beneficiary_id=user_id)
    shown = rows.exclude(own).select_related("asset", "requester", "beneficiary", "held")
    return shown.defer("held__payload", "held__result")


def _mine(user_id: UUID) -> Q:
    """Return the condition of requests whose open stage waits for the actor, who has not voted on what is shown now."""
    open_stage = Asked.objects.filter(request_id=OuterRef("pk"), stage=OuterRef("stage"), user_id=user_id)
    last = Vote.objects.filter(request_id=OuterRef("pk"), voter_id=user_id).order_by("-pk")
    voted = Vote.objects.filter(pk=Subquery(last.values("pk")[:1]), choice=Choice.APPROVE, digest=OuterRef("digest"))
    return Q(Exists(open_stage)) & ~Q(Exists(voted)) & Q(state=RequestState.PENDING)


def for_me(actor: Actor, now: datetime) -> QuerySet[AccessRequest]:
    """Return what waits for the actor, least time left first."""
    if actor.user_id is None:
        return AccessRequest.objects.none()
    rows = _put_to(actor, actor.user_id).filter(_mine(actor.user_id), expires_at__gt=now)
    return rows.order_by(F("stage_due_at").asc(nulls_last=True), "number")


def with_others(actor: Actor, now: datetime) -> QuerySet[AccessRequest]:
    """Return what was put to the actor and now waits for somebody else."""
    if actor.user_id is None:
        return AccessRequest.objects.none()
    rows = (
        _put_to(actor, actor.user_id).filter(state__in=OPEN_REQUESTS, expires_at__gt=now).exclude(_mine(actor.user_id))
    )
    return rows.order_by(F("stage_due_at").asc(nulls_last=True), "number")


def decided(actor: Actor) -> QuerySet[AccessRequest]:
    """Return what was put to the actor and is decided, newest first."""
    if actor.user_id is None:
        return AccessRequest.objects.none()
    return _put_to(actor, actor.user_id).exclude(state__in=OPEN_REQUESTS).order_by("-decided_at", "-number")


def decides_sometimes(actor: Actor) -> bool:
    """Return whether the actor decides about access: by role, or because something was put to them once."""
    if actor.has(*APPROVERS):
        return True
    return actor.user_id is not None and Asked.objects.filter(user_id=actor.user_id).exists()


def my_median(actor: Actor, now: datetime) -> int | None:
    """Return in how many minutes the actor answered this week, in the middle. One query."""
    return usual_minutes([actor.user_id], now - WEEK).get(actor.user_id) if actor.user_id else None


def undoable(actor: Actor, now: datetime) -> Vote | None:
    """Return the actor's approval of the last half minute that was not taken back. One query."""
    since = now - timedelta(seconds=UNDO_SECONDS)
    last = Vote.objects.filter(voter_id=actor.user_id, at__gte=since).select_related("request__beneficiary")
    newest = last.order_by("-pk").first()
    return newest if newest is not None and newest.choice == Choice.APPROVE else None


def can_open_in_inbox(actor: Actor, request: AccessRequest) -> bool:
    """Return whether a request was put to the actor, so that its page in the inbox is theirs. One query."""
    return actor.user_id is not None and request.asked.filter(user_id=actor.user_id).exists()
