"""What a chart is made of and what it is made from."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.core.numbers import grouped


@dataclass(frozen=True)
class SharePoint:
    """One day or week of a share: `part` of `whole` are met, at most `possible` could be.

    A part of None is a week without data. `url` is the page that shows this point.
    """

    on: date
    part: int | None
    whole: int = 0
    possible: int | None = None
    url: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a share at all: data, and a denominator above 0."""
        return self.part is not None and self.whole > 0

    @property
    def share(self) -> float:
        """Per cent met, for drawing only; texts round through `apps.core.numbers`."""
        return round(100 * (self.part or 0) / self.whole, 2)

    @property
    def ceiling(self) -> float:
        """Per cent that could be met if everything not evaluated turned out met."""
        return round(100 * (self.possible or 0) / self.whole, 2)


@dataclass(frozen=True)
class CountPoint:
    """Counts of one day or week by series; None is no data."""

    on: date
    values: dict[str, int | None]
    url: str = ""


@dataclass(frozen=True)
class Note:
    """Something that happened: a source added, a check set changed, a release."""

    on: date
    text: str


@dataclass(frozen=True)
class Figure:
    """What `{% figure %}` renders. `header` and `rows` are the data table, `unit` the line beside the heading."""

    key: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]
    caption: str
    unit: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    size: str = "md"

    def payload(self) -> dict[str, Any]:
        """The figure as Plotly reads it."""
        return {"data": self.data, "layout": self.layout}


def nothing(key: str, unit: str, size: str, words: str) -> Figure:
    """A figure without data: only the words, no axes that would suggest a zero."""
    return Figure(key, [], {}, words, unit, size=size)


def count_text(value: int | None) -> str:
    """The number, or `no data`."""
    return "no data" if value is None else grouped(value)
