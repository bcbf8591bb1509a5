"""Rows of the notices app as they stand after some time, for tests that look at pages."""

import json
from datetime import timedelta
from typing import Any

from apps.accounts.models import User
from apps.core.sealed import seal
from apps.notices.models import Channel, Delivery, Notice
from tests.factories import NOW

COMMON: dict[str, Any] = {"subject_kind": "user", "action": "Open in the portal", "url": "/posture", "created_at": NOW}


def make_notice(user: User, **fields: Any) -> Notice:
    """Return an unread notice about the person themselves."""
    defaults = {**COMMON, "kind": "test.asked", "once_key": "key", "subject_id": str(user.pk), "title": "Told"}
    return Notice.objects.create(user=user, **{**defaults, **fields})


def make_channel(**fields: Any) -> Channel:
    """Return a chat room that is on and hears of nothing."""
    sealed = seal(json.dumps({"address": "discord://1234567890/abcdefghijkl", "secret": ""}))
    defaults = {"name": "Room", "medium": "chat", "place": "discord.com", "sealed": sealed, "created_at": NOW}
    return Channel.objects.create(**{**defaults, **fields})


def make_dead(user: User | None = None, **fields: Any) -> Delivery:
    """Return a message that was given up: a mail, or with `channel` one for it."""
    defaults: dict[str, Any] = {
        **COMMON, "kind": "test.asked", "once_key": "key", "subject_id": str(user.pk) if user else "x", "title": "Told",
        "medium": "mail", "user": user, "state": "dead", "due_at": NOW, "give_up_at": NOW + timedelta(hours=24),
        "ended_at": NOW + timedelta(hours=24), "attempts": 290, "problem": "The mail server could not be reached.",
    }  # fmt: skip
    return Delivery.objects.create(**{**defaults, **fields})
