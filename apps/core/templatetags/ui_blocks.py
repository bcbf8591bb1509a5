"""Blocks: figures, facts, banners, empty states, tabs, breadcrumbs, logs, code, the shell's small parts."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.core.actor import Actor
from apps.core.charts import Figure
from apps.core.ui.status import tone_of

register = template.Library()
THEMES = ("light", "dark")


@register.simple_tag(takes_context=True)
def theme_attribute(context: Any) -> SafeString:
    """data-theme from the cookie `theme`; nothing, so the system decides, for any other value."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return format_html(' data-theme="{}"', chosen) if chosen in THEMES else SafeString("")


@register.filter
def role_words(actor: Actor) -> str:
    """The roles of an actor as people read them."""
    return ", ".join(sorted(role.label for role in actor.roles))


@register.filter
def initials(name: object) -> str:
    """Up to two capital letters of a name, for the round mark beside it."""
    letters = [word[0] for word in str(name).replace("@", " ").split() if word[0].isalnum()]
    return "".join(letters[:1] + letters[-1:] if len(letters) > 1 else letters).upper()


@register.inclusion_tag("components/_figure.html")
def figure(
    figure: Figure, title: str, level: int = 2, link: str = "", link_label: str = "", bare: bool = False
) -> dict[str, object]:
    """A chart with heading, unit line, caption and data table, all from one `apps.core.charts.Figure`.

    `bare` hides the heading where the card around it has one already. The figure's key must be unique on the page.
    """
    return {
        "figure": figure,
        "title": title,
        "key": figure.key,
        "level": level,
        "link": link,
        "link_label": link_label,
        "bare": bare,
        "payload": figure.payload(),
    }


@register.inclusion_tag("components/_facts.html")
def facts(pairs: Sequence[Sequence[Any]]) -> dict[str, object]:
    """A list of (label, value) or (label, value, url); a missing value says Unknown."""
    rows = [{"label": pair[0], "value": pair[1], "url": pair[2] if len(pair) > 2 else ""} for pair in pairs]
    return {"rows": rows}


@register.inclusion_tag("components/_banner.html")
def banner(text: object, tone: str = "warn", url: str = "", action: str = "", live: bool = False) -> dict[str, object]:
    """One line about the page: tone warn, bad, good or info, with one link."""
    mark = tone_of(tone)
    return {"text": text, "mark": mark, "url": url, "action": action, "live": live}


@register.inclusion_tag("components/_empty.html")
def empty(
    title: str, text: str = "", url: str = "", action: str = "", url2: str = "", action2: str = ""
) -> dict[str, object]:
    """What a list or card says when it has nothing, and the way out."""
    return {"title": title, "text": text, "url": url, "action": action, "url2": url2, "action2": action2}


@register.inclusion_tag("components/_crumbs.html")
def crumbs(*pairs: str) -> dict[str, object]:
    """`{% crumbs "Assets" assets_url asset.name %}`: pairs of label and address; the last label has none."""
    steps = [{"label": pairs[i], "url": pairs[i + 1]} for i in range(0, len(pairs) - 1, 2)]
    return {"steps": steps, "here": pairs[-1] if len(pairs) % 2 else ""}


@register.inclusion_tag("components/_tabs.html")
def tabs(items: Iterable[Any], label: str = "Sections") -> dict[str, object]:
    """Tabs as links; items have label, url, current and optionally count (mapping or object)."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/_segmented.html")
def segmented(items: Iterable[Any], label: str) -> dict[str, object]:
    """A few alternatives as one row of links (period, view); items as in `tabs`."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/_log.html")
def log(entries: Iterable[Any]) -> dict[str, object]:
    """What happened, newest first: entries have at, text and optionally actor, url (mapping or object)."""
    return {"entries": entries}


@register.inclusion_tag("components/_code.html")
def code_block(text: object, label: str = "Command") -> dict[str, object]:
    """Text to copy; the copy button appears where scripts run."""
    return {"text": text, "label": label}


@register.inclusion_tag("components/_data_table.html")
def data_table(header: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> dict[str, object]:
    """A plain table of numbers; the first column is the row's name and the others are numeric."""
    return {"header": header, "rows": rows, "caption": caption}


@register.filter
def zip_labels(row: Sequence[object], header: Sequence[str]) -> list[tuple[object, str]]:
    """Cells after the first, each with its column label, for rows that stack on phones."""
    return list(zip(row[1:], header[1:], strict=False))
