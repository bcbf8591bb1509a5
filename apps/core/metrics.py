"""Metrics: one function computes a number; tile, chart, caption, mail and API print that one.

A metric lives with the app that owns its rows and is registered here; insights stores daily snapshots and draws them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.core.numbers import grouped, percent, percent_text, ratio_text
from apps.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Ratio:
    """A numerator and its denominator; never a share without them. `told` is no where nothing says anything of it."""

    numerator: int
    denominator: int
    told: bool = True

    @property
    def known(self) -> bool:
        """Return whether there is anything to be a share of."""
        return self.denominator > 0

    @property
    def percent(self) -> int | None:
        """Return whole per cent; None where nothing is applicable."""
        return percent(self.numerator, self.denominator)

    @property
    def tenths(self) -> int | None:
        """Return tenths of a per cent, rounded half up once; never 1000 while something is missing."""
        if self.denominator <= 0:
            return None
        value = (2000 * self.numerator + self.denominator) // (2 * self.denominator)
        return 999 if value >= 1000 and self.numerator < self.denominator else value

    @property
    def tenths_text(self) -> str:
        """Return for example `73.2`; `–` where nothing is applicable."""
        value = self.tenths
        return "–" if value is None else f"{value // 10}.{value % 10}"

    @property
    def percent_text(self) -> str:
        """Return for example `73 %`."""
        return percent_text(self.numerator, self.denominator)

    def __str__(self) -> str:
        return ratio_text(self.numerator, self.denominator)


#: What a metric's number is: a share, a count of its own, or minutes.
PERCENT, COUNT, MINUTES = "%", "", "min"


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with a goal.

    `compute(run)` returns its Ratio as of a published run (None: the last one); `better` is up or down; `url(run)` is
    the list that shows exactly the rows of the numerator. `target` is in the metric's unit, None for no target.

    In per cent the number is the share of the denominator; a count is the numerator itself, beside what it is a part
    of; minutes are the numerator, and the denominator is how many they were measured on. `how` says in words how it is
    calculated; `tile` is whether the overview shows it beside its history.
    """

    key: str
    title: str
    compute: Callable[[Any], Ratio]
    numerator: str
    denominator: str
    url: Callable[[Any], str] | None = None
    unit: str = PERCENT
    target: int | None = None
    better: str = "up"
    how: str = ""
    tile: bool = True

    def knows(self, value: Ratio) -> bool:
        """Return whether there is a number: a count may be 0 of 0, a share or a time may not."""
        return value.told and (value.known or self.unit == COUNT)

    def text(self, value: Ratio) -> str:
        """Return the number as it is printed; `–` where there is none."""
        if not self.knows(value):
            return "–"
        if self.unit == PERCENT:
            return value.percent_text
        return grouped(value.numerator) if self.unit == COUNT else f"{grouped(value.numerator)} min"

    def level(self, value: Ratio) -> float:
        """Return the number for drawing."""
        return 100 * value.numerator / value.denominator if self.unit == PERCENT else float(value.numerator)

    def target_text(self) -> str:
        """Return the target as it is printed; `–` for none."""
        return "–" if self.target is None else f"{self.target} {self.unit}".strip()


METRICS: Registry[Metric] = Registry("metric")


def register(metric: Metric) -> Metric:
    """Register a metric under its key."""
    return METRICS.register(metric.key, metric)
