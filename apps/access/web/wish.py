"""What somebody fills in to ask for access, read from a query string or a form alike."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from apps.access.queries.asking_for import find_beneficiary
from apps.access.web.once import MINUTES, Once, read_once
from apps.access.web.words import minutes_of
from apps.accounts.models import User
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
    """What is asked for so far; `asset` and `operation` may still be open.

    `person` is for whom, None for oneself; `once` what is written for the operation itself instead of access.
    """

    asset: Asset | None
    operation: str
    minutes: int | None
    start_at: datetime | None
    at_a_time: bool
    why: str
    search: str
    person: User | None = None
    person_search: str = ""
    once: Once | None = None

    @property
    def lasts(self) -> int | None:
        """Return the minutes the request is judged by."""
        return MINUTES if self.once else self.minutes

    def about(self, asset: Asset) -> "Wish":
        """Return the same wish for another asset: what was chosen to do there is open again."""
        return replace(self, asset=asset, operation="", search="", once=None)

    def meant_for(self, person: User | None) -> "Wish":
        """Return the same wish for somebody else, or for oneself."""
        return replace(self, person=person, person_search="")

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
            "person": str(self.person.pk) if self.person else "",
            "pq": self.person_search,
            **(self.once.words() if self.once else {}),
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
    asset, operation = find_asset(actor, kind, slug) if slug else None, data.get("do", "")[:40]
    person = data.get("person", "").strip()
    return Wish(
        asset=asset,
        operation=operation,
        minutes=minutes if minutes or chosen else USUAL_MINUTES,
        start_at=_moment(at) if wants_time and at else None,
        at_a_time=wants_time,
        why=data.get("why", "").strip()[: LONGEST_REASON + 1],
        search=data.get("q", "").strip()[:200],
        person=find_beneficiary(actor, person) if person and person != str(actor.user_id) else None,
        person_search=data.get("pq", "").strip()[:200],
        once=read_once(data),
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("Write the start as a date and a time.", at="Not a date and a time.") from None
