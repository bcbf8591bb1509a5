"""Questions of approvers and answers of requesters; an answer to a counter-offer accepts it."""

from datetime import datetime, timedelta

from apps.access.events import REQUEST_ANSWERED, REQUEST_ASKED
from apps.access.models import AccessRequest, RequestMessage
from apps.access.queries.deciding import stage_of
from apps.access.rules.requests import can_answer, can_ask, person_id
from apps.access.services.notifying import subject_of, tell
from apps.access.services.routing import advance, still_allowed, waiting
from apps.access.services.votes import BINDER, rebind
from apps.access.states import REQUEST_MACHINE, RequestState
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid

ACCEPTED = "Yes, that would do."


def _text(text: str) -> str:
    if not text.strip() or len(text) > 2000:
        raise Invalid("Write 1 to 2,000 characters.", text="Write 1 to 2,000 characters.")
    return text.strip()


@command(REQUEST_ASKED)
def ask(*, actor: Actor, request: AccessRequest, text: str, now: datetime) -> Changed:
    """Ask the requester; the stage's clock stops until the answer. The value is the message.

    Raises Forbidden unless the actor may decide, Conflict when it is decided, Invalid without text.
    """
    row = waiting(request, now)
    can_ask(actor, row, now).require()
    message = RequestMessage.objects.create(
        request=row, author_id=person_id(actor), kind="question", text=_text(text), at=now
    )
    REQUEST_MACHINE.move(
        AccessRequest.objects.all(),
        pk=row.pk,
        before=RequestState.PENDING,
        after=RequestState.NEEDS_INFO,
        stage_due_at=None,
    )
    to = [row.requester_id, row.beneficiary_id]
    tell("access.request.question", actor=actor, request=row, to=to, once=f"question:{message.pk}", now=now)
    return Changed(subject_of(row), {"question": message.text}, value=message, after=RequestState.NEEDS_INFO)


def answer(*, actor: Actor, request: AccessRequest, text: str = "", now: datetime | None = None) -> Changed:
    """Answer the open question, or accept a counter-offer (then `text` may be empty). The value is the request.

    The stage's clock starts again. A vote that an offer carries counts only for what it was given for; where that
    changed, the request waits for another. Raises Forbidden, Conflict, Invalid.
    """
    when = {"now": now} if now is not None else {}
    rebind(actor=BINDER, request=request, **when)
    answered: Changed = _answer(actor=actor, request=request, text=text, **when)
    return answered


@command(REQUEST_ANSWERED)
def _answer(*, actor: Actor, request: AccessRequest, text: str, now: datetime) -> Changed:
    row = waiting(request, now)
    if row.state != RequestState.NEEDS_INFO:
        raise Conflict("No question is open.")
    can_answer(actor, row).require()
    words = _text(text or (ACCEPTED if row.counter_to_id else ""))
    question = row.messages.filter(kind="question").order_by("-pk").first()
    said = RequestMessage.objects.create(request=row, author_id=person_id(actor), kind="answer", text=words, at=now)
    to = [question.author_id] if question else []
    tell("access.request.answered", actor=actor, request=row, to=to, once=f"answer:{said.pk}", now=now)
    minutes = int(str(stage_of(row).get("answer_minutes", 0)))
    due = now + timedelta(minutes=minutes) if minutes else None
    REQUEST_MACHINE.move(
        AccessRequest.objects.all(),
        pk=row.pk,
        before=RequestState.NEEDS_INFO,
        after=RequestState.PENDING,
        stage_due_at=due,
    )
    row.state, row.stage_due_at = RequestState.PENDING, due
    if row.counter_to_id:
        still_allowed(row, now)
        advance(actor=actor, request=row, now=now)
    return Changed(subject_of(row), {"answer": words}, value=row, after=row.state)
