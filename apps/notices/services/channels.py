"""Channels: chat rooms and webhooks that hear of some kinds. Their addresses are secrets and are never shown again."""

import json
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.core.notices import NOTICE_KINDS
from apps.core.outbound import OutboundError, OutboundRefused, parse_url, route_to
from apps.core.sealed import seal, unseal
from apps.notices.events import CHANNEL_ADDED, CHANNEL_CHANGED, CHANNEL_REMOVED, CHANNEL_TESTED
from apps.notices.models import Channel, Delivery
from apps.notices.rules import can_manage_channels, can_test
from apps.notices.services import chat
from apps.notices.services.media import NotSent
from apps.notices.services.owing import WAKE, trial_message
from apps.notices.states import CHANNEL_MEDIA, DeliveryState, Medium


def subject_of(channel: Channel) -> Subject:
    """Return the channel as the subject of an event."""
    return Subject("notice_channel", str(channel.pk), channel.name)


def address_of(channel: Channel) -> tuple[str, str]:
    """Return address and signing secret of a channel. Raises core.sealed.Unreadable."""
    content = json.loads(unseal(channel.sealed))
    return content["address"], content["secret"]


@command(CHANNEL_ADDED)
def add_channel(*, actor: Actor, now: datetime, name: str, medium: str, address: str, kinds: Iterable[str]) -> Changed:
    """Add a channel; the value is the channel and, for a webhook, its signing secret (shown this once, else empty).

    Raises Forbidden, and Invalid for an address that the portal may not call, a kind that does not exist or a bad name.
    """
    can_manage_channels(actor).require()
    name, listed = _checked_name(name), _checked_kinds(kinds)
    if medium not in CHANNEL_MEDIA:
        raise Invalid("There is no such medium.", medium="Choose chat or webhook.")
    place = _checked_place(medium, address)
    secret = secrets.token_urlsafe(32) if medium == Medium.WEBHOOK else ""
    try:
        with transaction.atomic():
            channel = Channel.objects.create(
                name=name, medium=medium, place=place, kinds=listed, created_at=now, created_by_id=actor.user_id,
                sealed=seal(json.dumps({"address": address, "secret": secret})),
            )  # fmt: skip
    except IntegrityError:
        raise Invalid("A channel of this name exists.", name="A channel of this name exists.") from None
    details: dict[str, object] = {"name": name, "medium": medium, "place": place, "kinds": listed}
    return Changed(subject_of(channel), details, value=(channel, secret))


@command(CHANNEL_CHANGED)
def change_channel(
    *, actor: Actor, now: datetime, channel: Channel, kinds: Iterable[str], enabled: bool
) -> Changed | Unchanged:
    """Change what a channel hears of, or switch it on or off. Its address is never changed: add another one instead.

    Raises Forbidden, Invalid for a kind that does not exist, Conflict when it was removed meanwhile.
    """
    can_manage_channels(actor).require()
    listed = _checked_kinds(kinds)
    if listed == channel.kinds and enabled == channel.enabled:
        return Unchanged(value=channel)
    if not Channel.objects.present().filter(pk=channel.pk).update(kinds=listed, enabled=enabled):
        raise Conflict("This channel was removed.")
    return Changed(subject_of(channel), {"name": channel.name, "kinds": listed, "enabled": enabled}, value=channel)


@command(CHANNEL_REMOVED)
def remove_channel(*, actor: Actor, now: datetime, channel: Channel) -> Changed:
    """Remove a channel: its address is erased and what it was still owed is dropped. Raises Forbidden, Conflict."""
    can_manage_channels(actor).require()
    gone = Channel.objects.present().filter(pk=channel.pk)
    if not gone.update(removed_at=now, enabled=False, sealed=""):
        raise Conflict("This channel was removed.")
    Delivery.objects.waiting().filter(channel=channel).update(
        state=DeliveryState.DROPPED, ended_at=now, claimed_until=None, problem="The channel was removed."
    )
    return Changed(subject_of(channel), {"name": channel.name})


@command(CHANNEL_TESTED)
def try_channel(*, actor: Actor, now: datetime, channel: Channel) -> Changed:
    """Owe the channel a test message, which takes the same way as every other. Raises Forbidden."""
    can_test(actor, channel).require()
    trial_message(channel, uuid.uuid4().hex, now).save(force_insert=True)
    enqueue(WAKE)
    return Changed(subject_of(channel), {"name": channel.name})


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise Invalid("A name has 1 to 100 characters.", name="A name has 1 to 100 characters.")
    return name


def _checked_kinds(kinds: Iterable[str]) -> list[str]:
    listed = sorted(set(kinds))
    if any(kind not in NOTICE_KINDS for kind in listed):
        raise Invalid("There is no such kind of notice.", kinds="Choose kinds of the list.")
    return listed


def _checked_place(medium: str, address: str) -> str:
    try:
        if medium == Medium.CHAT:
            place = chat.place_of(address)
            chat.connected(address)
            return place
        target = parse_url(address)
        route_to(target)
        return target.host
    except NotSent as problem:
        raise Invalid(problem.reason, address=problem.reason) from None
    except OutboundRefused as problem:
        raise Invalid(problem.reason, address=problem.reason) from None
    except OutboundError as problem:
        raise Invalid(problem.reason, address=problem.reason) from None
