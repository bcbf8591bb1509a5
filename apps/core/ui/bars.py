"""Small server-drawn graphics: composition bars, shares, sparklines, unit glyphs. Numbers in, SVG geometry out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.core.numbers import grouped
from apps.core.text import display
from apps.core.ui.status import APPLICABLE, STATUSES, mark_of

SPARK_WIDTH, SPARK_HEIGHT, SPARK_PAD = 96.0, 24.0, 2.0
UNIT_LIMIT = 60


@dataclass(frozen=True)
class Segment:
    """One part of a composition bar, in per cent of its width."""

    fill: str
    x: str
    width: str
    label: str
    url: str


def counts_of(source: object) -> dict[str, int]:
    """Counts per applicable status from a mapping or from an object with attributes of those names; missing is 0."""
    if isinstance(source, Mapping):
        return {key: int(source.get(key) or 0) for key in APPLICABLE}
    return {key: int(getattr(source, key, 0) or 0) for key in APPLICABLE}


def counts_words(counts: Mapping[str, int], total: int, subject: str = "", target: float | None = None) -> str:
    """What a screen reader hears: `Identity: 836 met, 24 accepted risk, …, of 1,020 applicable. Target 85 %.`"""
    listed = ", ".join(f"{grouped(counts[key])} {STATUSES[key].word.lower()}" for key in APPLICABLE)
    goal = "" if target is None else f". Target {target:g} %"
    named = f"{display(subject)}: " if subject else ""
    return f"{named}{listed}, of {grouped(total)} applicable{goal}."


def segbar_view(
    counts: object,
    *,
    target: float | None = None,
    label: str = "",
    height: int = 14,
    links: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Segments in fixed order, the target tick and the text alternative. With links, each segment is one."""
    values = counts_of(counts)
    total = sum(values.values())
    segments, before = [], 0
    for key in APPLICABLE:
        count = values[key]
        if count:
            words = f"{grouped(count)} {STATUSES[key].word.lower()} of {grouped(total)}"
            start, width = 100 * before / total, 100 * count / total
            segments.append(
                Segment(STATUSES[key].fill, f"{start:.2f}%", f"{width:.2f}%", words, (links or {}).get(key, ""))
            )
        before += count
    return {
        "segments": segments,
        "height": height,
        "tick_end": height + 3,
        "linked": bool(links),
        "empty": total == 0,
        "target": None if target is None else f"{min(max(target, 0), 100):g}%",
        "label": counts_words(values, total, label, target),
    }


def share_view(part: float, whole: float, *, fill: str, label: str, height: int) -> dict[str, object]:
    """One bar from 0, `part` of `whole` wide; nothing where the whole is 0."""
    width = 0 if whole <= 0 else min(100 * part / whole, 100)
    words = label or f"{grouped(part)} of {grouped(whole)}"
    return {"width": f"{max(width, 0):.2f}%", "fill": fill, "label": words, "height": height}


def spark_path(values: Sequence[float | None]) -> str:
    """An SVG path through the values, y from 0, a gap where a value is missing; empty for fewer than two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    top = max(*known, 0) or 1
    step = SPARK_WIDTH / (len(values) - 1)
    path, pen = [], "M"
    for index, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        y = SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 1 - SPARK_PAD) * max(value, 0) / top
        path.append(f"{pen}{index * step:.1f} {y:.1f}")
        pen = "L"
    return " ".join(path)


def units_view(results: Sequence[object], label: str = "") -> dict[str, object]:
    """One glyph per result in the order met, accepted, failing, not evaluated; a bar above sixty results."""
    keys = [str(getattr(result, "value", result)) for result in results]
    counts = {key: keys.count(key) for key in APPLICABLE}
    total = sum(counts.values())
    marks = [mark_of(key) for key in APPLICABLE for _ in range(counts[key])] if total <= UNIT_LIMIT else []
    return {"marks": marks, "counts": counts, "name": label, "label": counts_words(counts, total, label)}
