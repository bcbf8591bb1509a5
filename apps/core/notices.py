"""Kinds of notices: an upper app registers what it tells people; the notices app keeps, sends and forgets it.

A kind's words are fixed; only facts vary, and each is cleaned before it is put in (`fact_text`). So a name from
outside is a name in every channel: no header, no markup, no link, no new line (reliability.md §2, case 20).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter

from django.core.exceptions import ImproperlyConfigured

from apps.core.actor import Actor
from apps.core.numbers import grouped
from apps.core.registry import Registry
from apps.core.text import display
from apps.core.ui.words import instant_text

FACT_LENGTH = 80
LINE_LENGTH = 300
SUBJECT_LENGTH = 150
#: What mail programs turn into links by themselves. Ours are added after the facts, and lead to this portal only.
LINK_LIKE = re.compile(r"(?i)(?:\b(?:https?|ftp|mailto|data|javascript|file)\s*:|\bwww\.)\S*")

Fact = str | int | datetime | Sequence[str]


@dataclass(frozen=True, slots=True)
class Templates:
    """The words of a kind with `{fact}` in them.

    `subject` is the fact in one line: mail subject, title of the in-app row. A line of `lines` whose fact is missing or
    empty is left out; a line whose fact is a list stands once per item. `action` names the link.
    """

    subject: str
    lines: tuple[str, ...] = ()
    action: str = "Open in the portal"


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """What people are told. In-app always; by mail when `default_on` or chosen.

    `may_opt_out` is False where a person must hear of it, such as of their own grants.
    """

    key: str
    title: str
    templates: Templates
    default_on: bool = True
    may_opt_out: bool = True


#: Whether an actor sees a subject of this kind (by its id): for kinds without a queryset, or with a narrower rule for
#: notices. Kinds that are not here are asked of `core.subjects.SUBJECTS`; those of neither are seen by nobody.
SEEN: Registry[Callable[[Actor, str], bool]] = Registry("visibility of a notice's subject")
NOTICE_KINDS: Registry[NoticeKind] = Registry("notice kind")


def register_kind(kind: NoticeKind) -> NoticeKind:
    """Register a kind under its key; raise ImproperlyConfigured for words that are no plain `{fact}` templates."""
    for text in (kind.templates.subject, *kind.templates.lines):
        names = fields_of(text)
        if any(not name.isidentifier() for name in names):
            raise ImproperlyConfigured(f"notice kind {kind.key}: {text!r} may only name facts")
    if len(kind.key) > 60 or not kind.title:
        raise ImproperlyConfigured(f"notice kind {kind.key}: a short key and a title are needed")
    return NOTICE_KINDS.register(kind.key, kind)


def fields_of(text: str) -> list[str]:
    """Return the names in a template; raise ImproperlyConfigured for conversions and formats."""
    parts = list(Formatter().parse(text))
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise ImproperlyConfigured(f"{text!r}: facts have no format of their own")
    return [name for _, name, _, _ in parts if name is not None]


def fact_text(value: object, most: int = FACT_LENGTH) -> str:
    """Return a fact as one line of at most `most` characters in which nothing hides and nothing becomes a link."""
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return grouped(value)
    line = " ".join(display(value)[: most * 12].split())
    line = LINK_LIKE.sub(lambda found: found[0].replace(":", "[:]").replace(".", "[.]"), line)
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def subject_line(kind: NoticeKind, facts: Mapping[str, Fact]) -> str:
    """Return the one line of a notice. Raises KeyError when a fact is missing."""
    text = kind.templates.subject
    line = text.format(**{name: _single(facts[name]) for name in fields_of(text)})
    return line if len(line) <= SUBJECT_LENGTH else f"{line[: SUBJECT_LENGTH - 1].rstrip()}…"


def body_lines(kind: NoticeKind, facts: Mapping[str, Fact]) -> list[str]:
    """Return the lines of the body, without those that have nothing to say."""
    return [line for text in kind.templates.lines for line in _expanded(text, facts)]


def _expanded(text: str, facts: Mapping[str, Fact]) -> list[str]:
    names = fields_of(text)
    values = {name: facts.get(name, "") for name in names}
    if any(value == "" or value is None or (_many(value) and not value) for value in values.values()):
        return []
    several = [name for name, value in values.items() if _many(value)]
    if not several:
        return [text.format(**{name: fact_text(value, LINE_LENGTH) for name, value in values.items()})]
    name, items = several[0], values[several[0]]
    return [line for item in items for line in _expanded(text, {**facts, name: item})]  # type: ignore[union-attr]


def _many(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _single(value: Fact) -> str:
    return fact_text(", ".join(map(str, value)) if _many(value) else value)  # type: ignore[arg-type]
