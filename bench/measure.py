"""Times of one run side by side, reported as ratios: pairs A B A B, the median of the ratios."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Seconds that a block took."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    """Measure a block."""
    clock = Clock()
    begun = time.perf_counter()
    yield clock
    clock.seconds = time.perf_counter() - begun


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    with timed() as clock:
        work()
    return clock.seconds


@dataclass(slots=True)
class Ratio:
    """What was compared with what, the aim (0: none), and a ratio per pair."""

    name: str
    aim: float
    ratios: list[float] = field(default_factory=list)
    note: str = ""

    def add(self, ours: float, peer: float) -> None:
        """Take one pair of times."""
        self.ratios.append(ours / peer)

    @property
    def median(self) -> float:
        """Return the median of the pairs."""
        return statistics.median(self.ratios)

    def line(self) -> str:
        """Return the figure as one line."""
        verdict = "" if not self.aim else f"  aim ≤ {self.aim:g}: {'met' if self.median <= self.aim else 'MISSED'}"
        spread = f"{min(self.ratios):.2f} to {max(self.ratios):.2f}, {len(self.ratios)} pairs"
        return f"{self.name}: {self.median:.2f} ({spread}){verdict}{'  ' + self.note if self.note else ''}"
