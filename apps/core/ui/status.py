"""The two scales that must never be mixed: what a check found (status) and how bad a failure is (severity)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """A glyph, a word and a tone: colour alone never carries meaning (WCAG 2.2, 1.4.1)."""

    word: str
    css: str
    glyph: str
    fill: str = ""


STATUSES = {
    "met": Mark("Met", "met", "g-met", "f-met"),
    "accepted": Mark("Accepted risk", "acc", "g-acc", "f-acc"),
    "failing": Mark("Failing", "fail", "g-fail", "f-fail"),
    "not_evaluated": Mark("Not evaluated", "unk", "g-unk", "f-unk"),
    "not_applicable": Mark("Not applicable", "na", "g-na"),
}
APPLICABLE = ("met", "accepted", "failing", "not_evaluated")

# Tones of everything else that has a state: runs, imports, findings, sessions.
TONES = {
    "good": Mark("", "met", "g-met"),
    "bad": Mark("", "fail", "g-fail"),
    "warn": Mark("", "warn", "g-warn"),
    "info": Mark("", "info", "g-info"),
    "accepted": Mark("", "acc", "g-acc"),
    "unknown": Mark("", "unk", "g-unk"),
    "neutral": Mark("", "na", "g-na"),
}
TONE_ALIASES = {
    "success": "good",
    "met": "good",
    "ok": "good",
    "danger": "bad",
    "failing": "bad",
    "error": "bad",
    "fail": "bad",
    "warning": "warn",
    "active": "info",
    "progress": "info",
    "debug": "info",
    "muted": "neutral",
    "not_applicable": "neutral",
    "": "neutral",
    "not_evaluated": "unknown",
}

SEVERITIES = {"critical": ("Critical", 4), "high": ("High", 3), "medium": ("Medium", 2), "low": ("Low", 1)}
# x, y, height of the four ascending bars in a 16 × 16 box.
BARS = (("1", "11", "4"), ("4.6", "8.2", "6.8"), ("8.2", "5.4", "9.6"), ("11.8", "2.6", "12.4"))


def mark_of(status: object) -> Mark:
    """The mark of a result status, given as text or as an enum with a value. Raises ValueError for anything else."""
    key = str(getattr(status, "value", status))
    if key not in STATUSES:
        raise ValueError(f"no such status: {key!r}")
    return STATUSES[key]


def tone_of(tone: object) -> Mark:
    """The mark of a tone or an alias; an unknown tone is neutral, for a tone decorates and decides nothing."""
    key = str(getattr(tone, "value", tone))
    return TONES[TONE_ALIASES.get(key, key if key in TONES else "neutral")]


def severity_view(severity: object) -> dict[str, object]:
    """Word, class and the four bars of a severity, filled 4…1. Raises ValueError for an unknown one."""
    key = str(getattr(severity, "value", severity)).lower()
    if key not in SEVERITIES:
        raise ValueError(f"no such severity: {key!r}")
    word, filled = SEVERITIES[key]
    bars = [{"x": x, "y": y, "height": h, "css": "on" if i < filled else "off"} for i, (x, y, h) in enumerate(BARS)]
    return {"key": key, "name": word, "bars": bars}
