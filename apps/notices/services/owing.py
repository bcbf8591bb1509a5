"""Owing: a fact becomes rows in the transaction of the change that it tells of; nothing is sent here."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Unchanged, command
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.core.notices import NOTICE_KINDS, Fact, NoticeKind, body_lines, subject_line
from apps.notices.events import OWED
from apps.notices.models import Channel, Delivery, Notice
from apps.notices.queries import mail_is_on, wants_mail
from apps.notices.states import Medium

#: How long a message is tried before it is given up (reliability.md §4).
PATIENCE = timedelta(hours=24)
#: A page of this portal: a path, nothing that a browser reads as another host (case 21).
OWN_PAGE = re.compile(r"/(?![/\\])[^\\\s\x00-\x1f\x7f]*")
WAKE = "notices.send_due"
BATCH = 500


@command(OWED)
def owe(
    *,
    actor: Actor,
    now: datetime,
    kind: str,
    to_user_ids: Iterable[UUID],
    subject: Subject,
    facts: Mapping[str, Fact],
    url: str,
    once_key: str,
) -> Unchanged:
    """Owe a fact to people, and to the channels that listen to its kind; the value is how many people were addressed.

    Call it inside the command that changes the state: both commit together or not at all. `once_key` names the fact (at
    most 200 characters, for example `grant:<id>:ends-soon`): who was told it already is not told again, so a caller
    may repeat itself while the fact is younger than 90 days. Deactivated people and service accounts are left out. Who
    does not see the subject when a message is sent gets none.

    Raises LookupError for a kind that is not registered or a missing fact, ValueError for a bad key or a `url` that is
    no path of this portal: mistakes of the caller, not of a person.
    """
    told = NOTICE_KINDS[kind]
    if not once_key or len(once_key) > 200 or not OWN_PAGE.fullmatch(url) or len(url) > 500:
        raise ValueError(f"notice {kind}: a key and a path of this portal are needed")
    common = _row(told, subject, facts, url, once_key, now)
    people = list(User.objects.people().filter(pk__in=list(to_user_ids), is_active=True).only("pk", "is_sample"))
    Notice.objects.bulk_create(
        [Notice(user_id=user.pk, **common) for user in people], ignore_conflicts=True, batch_size=BATCH
    )
    by_mail = wants_mail((user.pk for user in people if not user.is_sample), told) if mail_is_on() else set()
    messages = [Delivery(medium=Medium.MAIL, user_id=pk, **common, **_timing(now)) for pk in sorted(by_mail)]
    messages += _to_channels(told, common, now)
    Delivery.objects.bulk_create(messages, ignore_conflicts=True, batch_size=BATCH)
    if messages:
        enqueue(WAKE)
    return Unchanged(value=len(people))


def _to_channels(kind: NoticeKind, common: dict[str, Any], now: datetime) -> list[Delivery]:
    listening = Channel.objects.present().filter(enabled=True).only("pk", "medium", "kinds")
    return [
        Delivery(medium=channel.medium, channel_id=channel.pk, **common, **_timing(now))
        for channel in listening
        if kind.key in channel.kinds
    ]


def _timing(now: datetime) -> dict[str, datetime]:
    return {"due_at": now, "give_up_at": now + PATIENCE}


def _row(
    kind: NoticeKind, subject: Subject, facts: Mapping[str, Fact], url: str, once_key: str, now: datetime
) -> dict[str, Any]:
    return {
        "kind": kind.key,
        "once_key": once_key,
        "subject_kind": subject.kind,
        "subject_id": subject.id,
        "title": subject_line(kind, facts),
        "lines": body_lines(kind, facts),
        "action": kind.templates.action,
        "url": url,
        "created_at": now,
    }


def trial_message(channel: Channel, once_key: str, now: datetime) -> Delivery:
    """Return an unsaved message that says only that the channel works."""
    return Delivery(
        medium=channel.medium, channel=channel, kind=TEST_KIND, once_key=once_key, subject_kind="notice_channel",
        subject_id=str(channel.pk), title="Test message: this channel works", lines=[], action="Open the channels",
        url="/setup/notices", created_at=now, **_timing(now),
    )  # fmt: skip


TEST_KIND = "notices.test"
