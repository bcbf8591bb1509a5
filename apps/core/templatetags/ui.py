"""{% load ui %}: marks, numbers, bars and time. Lists, forms and figures are in ui_lists.py and come along."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core import numbers, text
from apps.core.templatetags import ui_blocks, ui_lists
from apps.core.ui import bars, lineage, status, words

register = template.Library()
for module in (ui_lists, ui_blocks):
    register.tags.update(module.register.tags)
    register.filters.update(module.register.filters)

register.filter("instant_text", words.instant_text)
register.filter("day", words.day_text)
register.filter("short_day", words.short_day)
register.filter("tri", words.three_valued)
register.filter("verb", words.verb_text)


@register.filter
def grouped(number: object) -> str:
    """`4,954`; `–` for what is no number."""
    return numbers.grouped(number) if isinstance(number, int | float) else "–"


@register.filter
def signed(number: object) -> str:
    """`+4`, `−3`, `0`; `–` for what is no number."""
    return numbers.signed(number) if isinstance(number, int | float) else "–"


@register.filter
def safe_text(value: object) -> str:
    """Foreign text with every invisible or order-changing character made visible; markup stays as it is."""
    return value if isinstance(value, SafeString) else text.display(value)


@register.simple_tag
def icon(name: str, css: str = "i") -> SafeString:
    """A decorative icon of static/icons/sprite.svg; `name` with or without its prefix."""
    key = name if name.startswith(("i-", "g-")) else f"i-{name}"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("icons/sprite.svg"), key
    )


@register.simple_tag
def sprite(symbol: str) -> str:
    """The address of one symbol, for templates that place the `use` themselves."""
    return f"{static('icons/sprite.svg')}#{symbol}"


@register.simple_tag(name="status")
def status_tag(value: object, label: str = "", chip: bool = False, hidden: bool = False) -> SafeString:
    """A result status: glyph and word. `hidden` keeps the word for screen readers only."""
    mark = status.mark_of(value)
    return _status(mark, label or mark.word, chip, hidden)


@register.simple_tag
def state(label: str, tone: object = "neutral", chip: bool = False) -> SafeString:
    """Any other state (run, import, finding): good, bad, warn, info, accepted, unknown or neutral."""
    return _status(status.tone_of(tone), label, chip, False)


# Lists draw the same few marks in every row. `typed`, because a safe string equals the same words unsafe.
@lru_cache(maxsize=512, typed=True)
def _status(mark: status.Mark, word: str, chip: bool, hidden: bool) -> SafeString:
    return render_to_string("components/_status.html", {"mark": mark, "word": word, "chip": chip, "hidden": hidden})


@register.simple_tag(name="severity")
def severity(value: object, count: int | None = None, hidden: bool = False) -> SafeString:
    """Four ascending bars and the word; with `count` the number instead of the word (`–` for none)."""
    return _severity(str(getattr(value, "value", value)), count, hidden)


@lru_cache(maxsize=512, typed=True)
def _severity(value: str, count: int | None, hidden: bool) -> SafeString:
    view = {**status.severity_view(value), "count": count, "hidden": hidden or count is not None}
    return render_to_string("components/_severity.html", view)


@register.inclusion_tag("components/_segbar.html")
def segbar(
    counts: object,
    target: float | None = None,
    label: str = "",
    height: int = 14,
    links: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Composition by status in per cent of the applicable, with the target tick."""
    view: dict[str, Any] = bars.segbar_view(counts, target=target, label=label, height=height, links=links)
    shape = (view["empty"], height, view["target"], view["tick_end"])
    parts = (_parts.__wrapped__ if links else _parts)(tuple(view["segments"]), *shape)
    return {**view, "parts": parts}


# A list draws a bar in every row, and few bars differ; those with links are drawn each.
@lru_cache(maxsize=2048)
def _parts(segments: tuple[bars.Segment, ...], empty: bool, height: int, target: str | None, tick: int) -> SafeString:
    shown = {"segments": segments, "empty": empty, "height": height, "target": target, "tick_end": tick}
    return render_to_string("components/_segbar_parts.html", shown)


@register.inclusion_tag("components/_legend.html")
def legend(
    counts: object, target: float | None = None, links: Mapping[str, str] | None = None, column: bool = False
) -> dict[str, object]:
    """The counts under a composition bar; `column` sets them under each other, without `met`."""
    values = bars.counts_of(counts)
    shown = ("failing", "not_evaluated", "accepted") if column else status.APPLICABLE
    entries = [
        {"mark": status.STATUSES[key], "count": numbers.grouped(values[key]), "url": (links or {}).get(key, "")}
        for key in shown
    ]
    return {"entries": entries, "target": None if target is None else f"{target:g}", "column": column}


@register.inclusion_tag("components/_sharebar.html")
def sharebar(part: float, whole: float, fill: str = "f-ink", label: str = "", height: int = 12) -> dict[str, object]:
    """One bar from 0; fills: f-ink, f-met, f-acc, f-fail, f-unk, f-crit, f-high, f-med, f-low."""
    return bars.share_view(part, whole, fill=fill, label=label, height=height)


@register.inclusion_tag("components/_spark.html")
def spark(values: Sequence[float | None]) -> dict[str, object]:
    """A sparkline from 0 with gaps; decorative, for the numbers stand beside it."""
    return {"path": bars.spark_path(values)}


@register.inclusion_tag("components/_units.html")
def units(results: Sequence[object], label: str = "") -> dict[str, object]:
    """One glyph per result (a composition bar above sixty)."""
    return bars.units_view(results, label)


@register.inclusion_tag("components/_delta.html")
def delta(change: float | None, better: str = "", unit: str = "", span: str = "") -> dict[str, object]:
    """`▲ 7 points since 28 Aug`; better="up" or "down" colours it."""
    return {"delta": words.delta_view(change, better=better, unit=unit, span=span)}


@register.inclusion_tag("components/_tile.html")
def tile(label: str, number: object, of: str = "", url: str = "", **extra: Any) -> dict[str, object]:
    """A number with its denominator; change=, better=, unit=, span= (or note=, tone=), spark=, columns=."""
    change = extra.get("change", extra.get("note"))
    shown = numbers.grouped(number) if isinstance(number, int | float) else number
    options = {key: extra.get(key, "") for key in ("better", "unit", "span")}
    return {
        "label": label,
        "number": "–" if shown is None else shown,
        "of": numbers.unbroken(str(of)),
        "url": url,
        "note": extra.get("note", ""),
        "tone": extra.get("tone", ""),
        "delta": words.delta_view(extra.get("change"), **options) if "change" in extra else None,
        "path": bars.spark_path(extra.get("spark") or ()),
        "foot": change is not None or "change" in extra,
        "columns": extra.get("columns", 3),
    }


@register.simple_tag
def ratio(part: int, whole: int, share: bool = True) -> SafeString:
    """`24 of 31 (77 %)`; `none applicable` for a denominator of 0."""
    return format_html('<span class="num">{}</span>', numbers.unbroken(numbers.ratio_text(part, whole, share=share)))


@register.simple_tag
def percent(part: int, whole: int) -> str:
    """`77 %`, rounded once; `–` for a denominator of 0."""
    return numbers.unbroken(numbers.percent_text(part, whole))


@register.inclusion_tag("components/_heat.html")
def heat(met: int, whole: int, not_evaluated: int = 0, url: str = "") -> dict[str, object]:
    """A table cell tinted by the share met; blank with `n<5` for few; `?` where 30 % or more are not evaluated."""
    few = whole < 5
    step = 0 if few else min((numbers.percent(met, whole) or 0) // 20, 4)
    return {
        "few": few,
        "empty": whole == 0,
        "step": step,
        "url": url,
        "doubt": whole > 0 and not_evaluated / whole >= 0.3,
        "met": numbers.grouped(met),
        "whole": numbers.grouped(whole),
    }


@register.inclusion_tag("components/_due.html")
def due(due_on: Any, today: Any) -> dict[str, object]:
    """The due date in words (`19 days late`), the date itself on hover; today comes from the view."""
    return {"due": words.due_view(due_on, today), "day": words.day_text(due_on, "")}


@register.filter
def instant(value: Any, missing: str = "unknown") -> SafeString:
    """An absolute time in UTC inside <time>; the second argument is the word for a missing one."""
    if value is None:
        return format_html("{}", missing)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), words.instant_text(value))


@register.inclusion_tag("components/_lineage.html", name="lineage")
def lineage_tag(
    nodes: Sequence[lineage.Node], edges: Sequence[lineage.Edge], headings: Sequence[str] = ()
) -> dict[str, object]:
    """The lineage picture; nodes and edges are `apps.core.ui.lineage.Node` and `Edge`."""
    return lineage.lineage_view(nodes, edges, headings)
