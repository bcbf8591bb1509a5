"""Items as rows of a sheet: plain words about who, what, why it is here, its use and its origin. No queries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from apps.core.numbers import plural
from apps.core.ui.words import day_text, short_day
from apps.governance.operations import verb_of
from apps.reviews.models import Item
from apps.reviews.states import ITEM_TONES, NON_HUMAN, OPEN_ITEMS, Choice, HolderKind, ItemState, Reason, SubjectKind

#: Answers shown as chosen in a row; anything else is told in words.
SIMPLE = (Choice.KEEP, Choice.REVOKE)
#: Longer ago than this the year says more than the day.
YEAR_DAYS = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One item in a sheet."""

    item: Item
    who: str
    title: str
    program: bool
    what: str
    where: str
    reasons: tuple[str, ...]
    use: str
    origin: str
    peers: str
    answer: str
    note: str
    rests: str
    may_answer: bool
    url: str

    @property
    def done(self) -> bool:
        """Return whether it needs no answer."""
        return self.item.state != ItemState.OPEN

    @property
    def answer_word(self) -> str:
        """Return the answer with what became of it since."""
        word = str(Choice(self.answer).label) if self.answer else ""
        over = self.item.state not in (ItemState.DECIDED, ItemState.SEALED)
        return f"{word}: {ItemState(self.item.state).label.lower()}" if over else word

    @property
    def answer_tone(self) -> str:
        """Return how the state looks."""
        return ITEM_TONES[ItemState(self.item.state)]

    @property
    def name(self) -> str:
        """Return what the decision is about, for those who cannot see the row."""
        return f"{self.who}: {self.what} {self.where}".strip()


def row_of(item: Item, now: datetime, whose: str = "", *, signed: bool = False, joined: Collection[int] = ()) -> Row:
    """Return an item as a row.

    `whose` is the query string of a sheet that is somebody else's; `joined` are the numbers of items that joined
    *Look closely* because one like them was found wrong.
    """
    address = reverse("reviews:item", args=[item.campaign_id, item.pk])
    answer = item.decision if item.state != ItemState.OPEN else ""
    return Row(
        item=item,
        who=item.holder_label or "Nobody named",
        title=_title(item),
        program=item.holder_kind in (*NON_HUMAN, HolderKind.PORTAL),
        what=verb_of(item.operation),
        where=item.asset_label,
        reasons=tuple(str(reason.label) for reason in _reasons(item, joined)),
        use=use_words(item, now),
        origin=origin_words(item, now),
        peers=f"{item.peers_with} of {item.peers_of}" if item.peers_of else "–",
        answer=answer,
        note="" if not answer or answer in SIMPLE else Choice(answer).label,
        rests="" if signed else rests_words(item),
        may_answer=item.state in OPEN_ITEMS and not signed,
        url=f"{address}{whose}",
    )


def _reasons(item: Item, joined: Collection[int]) -> list[Reason]:
    return [*([Reason.LIKE_WRONG] if item.pk in joined else []), *item.reason_list]


def _title(item: Item) -> str:
    kind = "" if item.holder_kind in (HolderKind.HUMAN, HolderKind.UNKNOWN) else HolderKind(item.holder_kind).label
    return ", ".join(part for part in (kind, item.holder_title, item.holder_team) if part)


def rests_words(item: Item) -> str:
    """Return what became of an item that nobody answered in time; only a grant can rest (`services.suspending`)."""
    if item.suspended_at is None or item.state not in OPEN_ITEMS or item.decision not in ("", Choice.ABSTAIN):
        return ""
    since = short_day(item.suspended_at)
    if item.subject_kind == SubjectKind.GRANT:
        return f"Suspended since {since}. Keep lets it go on."
    return f"Not answered by {since}. It is revoked unless somebody keeps it."


def use_words(item: Item, now: datetime) -> str:
    """Return the last use: never and not known are different facts."""
    if item.last_used_at is not None:
        days = (now - item.last_used_at).days
        if days < 1:
            return "Used within a day"
        return f"Used {plural(days, 'day')} ago"
    return "Never used" if item.never_used else "Use not known"


def origin_words(item: Item, now: datetime) -> str:
    """Return since when it stands, until when, and where it comes from."""
    standing = item.subject_kind != SubjectKind.GRANT
    parts = []
    if item.granted_at is not None:
        word = "Standing since" if standing else "Since"
        told = day_text if (now - item.granted_at).days > YEAR_DAYS else short_day
        parts.append(f"{word} {told(item.granted_at)}")
    if item.expires_at is not None:
        parts.append(f"ends {short_day(item.expires_at)}")
    if item.origin:
        parts.append(item.origin)
    return ", ".join(parts)
