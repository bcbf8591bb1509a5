"""What a try to send a message comes to, and how its text looks in each medium."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from django.conf import settings

from apps.notices.models import Delivery

MAX_RETRY_AFTER = 3600.0


class NotSent(Exception):
    """A try failed. `retry_after` is what the other side asked for (seconds), `final` means that trying is pointless.

    `reason` is shown to administrators: it never holds an address, a secret or an answer.
    """

    def __init__(self, reason: str, *, retry_after: float = 0.0, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.final = final


@dataclass(frozen=True, slots=True)
class Words:
    """A message as text: one line, the body, and the absolute address of its page."""

    title: str
    lines: tuple[str, ...]
    action: str
    link: str
    settings_link: str

    @property
    def plain(self) -> str:
        """Return the message as plain text, each link on a line of its own."""
        told = [self.title, "", *self.lines, *([""] if self.lines else []), f"{self.action}: {self.link}"]
        return "\n".join([*told, "", "-- ", f"What comes by mail: {self.settings_link}", ""])


def words_of(delivery: Delivery) -> Words:
    """Return the text of a message; its links lead to this portal only."""
    origin = settings.ZTPORTAL_ORIGIN.rstrip("/")
    return Words(
        delivery.title, tuple(delivery.lines), delivery.action, f"{origin}{delivery.url}", f"{origin}/account/notices"
    )


def seconds_asked(header: str | None, now: datetime) -> float:
    """Return the seconds of a `Retry-After` header (RFC 9110, 10.2.3: a number or a date), at most 3600; 0 for none."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(float(text), MAX_RETRY_AFTER)
    try:
        seconds = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
