"""Commands of notices: owe, read, choose, keep channels, send, forget."""

from apps.notices.services.channels import add_channel, change_channel, remove_channel, try_channel
from apps.notices.services.forgetting import forget
from apps.notices.services.owing import owe
from apps.notices.services.reading import choose, mark_all_read, mark_read
from apps.notices.services.sending import replay, send_due

__all__ = [
    "add_channel",
    "change_channel",
    "choose",
    "forget",
    "mark_all_read",
    "mark_read",
    "owe",
    "remove_channel",
    "replay",
    "send_due",
    "try_channel",
]
