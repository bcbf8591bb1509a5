"""Words of the access pages: spans of time, clock times, and what somebody wants to do as half a sentence."""

import re
from datetime import UTC, datetime

from apps.core.numbers import plural
from apps.core.ui.words import instant_text

#: What one wants to do, and the word before the asset: "wants to *export the weights* of churn-gbm".
PHRASES: dict[str, tuple[str, str]] = {
    "data.read": ("read the data", "of"),
    "data.curate": ("change the data", "of"),
    "data.export": ("export the data", "of"),
    "weights.read": ("read the weights", "of"),
    "weights.export": ("export the weights", "of"),
    "train.run": ("train", ""),
    "hparam.tune": ("tune the parameters", "of"),
    "eval.run": ("run evaluations", "of"),
    "model.validate": ("validate a version", "of"),
    "model.sign": ("sign a version", "of"),
    "model.promote": ("promote a version", "of"),
    "model.deploy": ("deploy a new version", "of"),
    "endpoint.call": ("call", ""),
    "endpoint.configure": ("change the configuration", "of"),
    "guardrail.change": ("change the guardrails", "of"),
    "agent.grant_tool": ("give a tool", "to"),
}
_SPAN = re.compile(r"(?:([0-9]{1,4})d(?:ays?)?)?(?:([0-9]{1,5})h)?(?:([0-9]{1,6})m(?:in)?)?")


def span(minutes: int | float) -> str:
    """`45 min`, `4 h`, `1 h 30 min`, `5 days`: exact below two days."""
    whole = int(minutes)
    if whole < 60:
        return f"{whole} min"
    if whole >= 2 * 1440:
        return plural(whole // 1440, "day")
    hours, rest = divmod(whole, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def clock_time(at: datetime | None, now: datetime) -> str:
    """`16:23` on the same day, `Wed 25 Nov, 16:23` within a week, else the whole date; UTC."""
    if at is None:
        return ""
    moment, today = at.astimezone(UTC), now.astimezone(UTC)
    if moment.date() == today.date():
        return f"{moment:%H:%M}"
    if abs((moment.date() - today.date()).days) < 7:
        return f"{moment:%a} {moment.day} {moment:%b, %H:%M}"
    return instant_text(moment).removesuffix(" UTC")


def since(then: datetime, now: datetime) -> str:
    """How long ago, in whole minutes at least: `41 min`."""
    return span(max(0.0, (now - then).total_seconds()) / 60)


def time_left(due: datetime | None, now: datetime) -> tuple[str, str]:
    """`4 min left` or `11 min late` with its tone: bad when late, soon within ten minutes."""
    if due is None:
        return "", ""
    minutes = (due - now).total_seconds() / 60
    if minutes < 0:
        return f"{span(-minutes)} late", "bad"
    return f"{span(minutes) if minutes >= 1 else 'under 1 min'} left", "soon" if minutes <= 10 else ""


def minutes_of(text: str) -> int | None:
    """Return the minutes of `4h`, `30m`, `1 h 30 min`, `2d` or `90`; None for anything else."""
    words = text.strip().lower().replace(" ", "")
    found = _SPAN.fullmatch(words)
    if not words or found is None:
        return int(words) if words.isdecimal() and len(words) <= 6 else None
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return days * 1440 + hours * 60 + minutes
