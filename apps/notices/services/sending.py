"""Sending: rows with a lease. At least once, with the same idempotency key each time; never twice at the same moment.

A sender claims one row by a conditional UPDATE (`claimed_until`, the try counted before it is made), sends it outside
any transaction, and ends the row by a second one that holds only for its own try. A sender that dies leaves a lease
that runs out, and the next one tries again (reliability.md §4; sendalerts of healthchecks.io marks before sending and
so may lose a message).
"""

import logging
import random
from datetime import datetime, timedelta
from uuid import UUID

from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.core.notices import NOTICE_KINDS
from apps.core.sealed import Unreadable
from apps.notices.events import DELIVERY_DEAD, DELIVERY_REPLAYED
from apps.notices.models import Delivery
from apps.notices.queries import recipient, still_visible, wants_mail
from apps.notices.rules import can_replay
from apps.notices.services import chat, mail, webhook
from apps.notices.services.channels import address_of
from apps.notices.services.media import NotSent, words_of
from apps.notices.services.owing import PATIENCE, WAKE
from apps.notices.states import DELIVERY, DeliveryState, Medium

log = logging.getLogger(__name__)

#: Longer than any single try may take (mail 20 s, webhook 20 s, chat 15 s per call).
LEASE = timedelta(seconds=90)
SLICE = 50
SLICE_TIME = timedelta(seconds=20)
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0


def send_due(*, actor: Actor, limit: int = SLICE) -> int:
    """Send what is due, at most `limit` messages and about 20 seconds; return how many were dealt with.

    Safe in any number of copies. A message that fails is due again later; one that failed for 24 hours is given up.
    """
    started = now = clock.now()
    done = 0
    for pk in list(Delivery.objects.due(now).order_by("due_at").values_list("pk", flat=True)[:limit]):
        now = clock.now()
        if now - started > SLICE_TIME:
            break
        delivery = _claim(pk, now)
        if delivery is None:
            continue
        _try(actor, delivery, now)
        done += 1
    return done


def _claim(pk: UUID, now: datetime) -> Delivery | None:
    """Take the lease of a row; None when another sender was quicker."""
    found = Delivery.objects.due(now).filter(pk=pk).values_list("attempts", flat=True).first()
    if found is None:
        return None
    mine = Delivery.objects.due(now).filter(pk=pk, attempts=found)
    if not mine.update(attempts=found + 1, claimed_until=now + LEASE):
        return None
    return Delivery.objects.select_related("user", "channel").filter(pk=pk, attempts=found + 1).first()


def _try(actor: Actor, delivery: Delivery, now: datetime) -> None:
    """Send one claimed row and write down what came of it; a lease lost meanwhile leaves the row to its new holder."""
    try:
        reason = no_longer_owed(delivery)
        if reason:
            _end(delivery, DeliveryState.DROPPED, reason)
            return
        if now >= delivery.give_up_at:
            raise NotSent(delivery.problem or "No try came to an end within the time.", final=True)
        _send(delivery, now)
        _end(delivery, DeliveryState.SENT)
    except NotSent as problem:
        _failed(actor, delivery, problem)
    except Conflict:
        return
    except Exception as problem:
        log.exception("message not sent", extra={"delivery": str(delivery.pk)})
        _failed(actor, delivery, NotSent(f"The portal failed while sending: {type(problem).__name__}."))


def no_longer_owed(delivery: Delivery) -> str:
    """Return why a message is not sent any more; empty while it is owed."""
    if delivery.channel is not None:
        return "" if delivery.channel.enabled else "The channel is off."
    user, kind = delivery.user, NOTICE_KINDS.get(delivery.kind)
    if user is None or not user.is_active:
        return "The person was deactivated."
    if kind is None or not wants_mail([user.pk], kind):
        return "The person wants no mail of this kind."
    if not still_visible(recipient(user), [delivery]):
        return "The person no longer sees what it is about."
    return ""


def _send(delivery: Delivery, now: datetime) -> None:
    if delivery.medium == Medium.MAIL or delivery.channel is None:
        mail.send(delivery)
        return
    try:
        address, secret = address_of(delivery.channel)
    except Unreadable:
        raise NotSent("The channel's address cannot be read with the present keys.") from None
    if delivery.medium == Medium.CHAT:
        chat.send(address, words_of(delivery))
    else:
        webhook.send(delivery, address, secret, now)


def _end(delivery: Delivery, state: DeliveryState, problem: str = "") -> None:
    own = Delivery.objects.filter(attempts=delivery.attempts)
    DELIVERY.move(
        own, pk=delivery.pk, before=DeliveryState.WAITING, after=state, ended_at=clock.now(), claimed_until=None,
        problem=problem,
    )  # fmt: skip


def _failed(actor: Actor, delivery: Delivery, problem: NotSent) -> None:
    now = clock.now()
    due_at = now + timedelta(seconds=wait(delivery.attempts, problem.retry_after))
    if problem.final or due_at >= delivery.give_up_at:
        give_up(actor=actor, now=now, delivery=delivery, problem=problem.reason)
        return
    own = Delivery.objects.waiting().filter(pk=delivery.pk, attempts=delivery.attempts)
    own.update(due_at=due_at, claimed_until=None, problem=problem.reason[:300])


def wait(attempts: int, asked: float = 0.0) -> float:
    """Return seconds until the next try: full jitter over 5 s, 10 s, … 5 min, and no less than the other side asked."""
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 10))
    return max(random.uniform(0.0, ceiling), asked)  # noqa: S311  (spreads load; guards nothing)


@command(DELIVERY_DEAD)
def give_up(*, actor: Actor, now: datetime, delivery: Delivery, problem: str) -> Changed | Unchanged:
    """Put a message among the dead letters, where an administrator finds it. Unchanged when another sender has it."""
    own = Delivery.objects.waiting().filter(pk=delivery.pk, attempts=delivery.attempts)
    if not own.update(state=DeliveryState.DEAD, ended_at=now, claimed_until=None, problem=problem[:300]):
        return Unchanged()
    details: dict[str, object] = {
        "medium": delivery.medium, "kind": delivery.kind, "attempts": delivery.attempts, "problem": problem[:300]
    }  # fmt: skip
    return Changed(_subject(delivery), details)


@command(DELIVERY_REPLAYED)
def replay(*, actor: Actor, now: datetime, delivery: Delivery) -> Changed:
    """Owe a dead letter for another 24 hours, with the same idempotency key. Raises Forbidden; Conflict if not dead."""
    can_replay(actor).require()
    if delivery.channel is not None and delivery.channel.removed_at is not None:
        raise Conflict("The channel of this message was removed.")
    DELIVERY.move(
        Delivery.objects.all(), pk=delivery.pk, before=DeliveryState.DEAD, after=DeliveryState.WAITING, ended_at=None,
        due_at=now, give_up_at=now + PATIENCE, claimed_until=None, problem="",
    )  # fmt: skip
    enqueue(WAKE)
    return Changed(_subject(delivery), {"medium": delivery.medium, "kind": delivery.kind})


def _subject(delivery: Delivery) -> Subject:
    return Subject("notice_delivery", str(delivery.pk), f"{delivery.get_medium_display()} {delivery.kind}")
