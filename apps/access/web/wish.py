"""What somebody fills in to ask for access, read from a query string or a form alike."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from apps.access.web.words import minutes_of
from apps.core.actor import Actor
from apps.core.errors import Invalid
from apps.inventory.models import Asset
from apps.inventory.queries.assets import find_asset

PRESETS = (30, 60, 240, 480, 1440)
USUAL_MINUTES = 60
LONGEST_REASON = 2000
TICKET = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d{1,9}\b")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for so far; `asset` and `operation` may still be open."""

    asset: Asset | None
    operation: str
    minutes: int | None
    start_at: datetime | None
    at_a_time: bool
    why: str
    search: str

    @property
    def ticket(self) -> str:
        """Return the first ticket id that the reason names."""
        found = TICKET.search(self.why)
        return found[0] if found else ""

    @property
    def address(self) -> str:
        """Return the address of this wish, which can be kept, shared and gone back to."""
        words = {
            "asset": key_of(self.asset) if self.asset else "",
            "do": self.operation,
            "for": f"{self.minutes}m" if self.minutes else "",
            "at": f"{self.start_at:%Y-%m-%dT%H:%M}" if self.start_at and self.at_a_time else "",
            "why": self.why,
            "q": self.search,
        }
        given = {name: value for name, value in words.items() if value}
        return f"{reverse('access:new')}?{urlencode(given)}" if given else reverse("access:new")


def key_of(asset: Asset) -> str:
    """Return the asset as the address names it: `model/credit-risk-scorer`."""
    return f"{asset.kind}/{asset.slug}"


def link_to(asset: Asset, operation: str = "", minutes: int | None = None) -> str:
    """Return the address that asks for an asset."""
    return Wish(asset, operation, minutes, None, False, "", "").address


def read(data: QueryDict, actor: Actor) -> Wish:
    """Return the wish. Raises NotFound for an asset the actor may not see, Invalid for a time that is none."""
    kind, _, slug = data.get("asset", "").partition("/")
    chosen = data.get("for", "")
    minutes = minutes_of(data.get("other", "") if chosen == "other" else chosen)
    at = data.get("at", "").strip()
    wants_time = data.get("start") == "at" or ("start" not in data and bool(at))
    return Wish(
        asset=find_asset(actor, kind, slug) if slug else None,
        operation=data.get("do", "")[:40],
        minutes=minutes if minutes or chosen else USUAL_MINUTES,
        start_at=_moment(at) if wants_time and at else None,
        at_a_time=wants_time,
        why=data.get("why", "").strip()[: LONGEST_REASON + 1],
        search=data.get("q", "").strip()[:200],
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("Write the start as a date and a time.", at="Not a date and a time.") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
