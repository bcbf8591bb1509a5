"""The line of totals that report writers put under a table: it is no record, and says where the table ends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_WORDS = re.compile(
    r"^(?:grand |overall |report )?(?:total|totals|sum|count|record count|row count|headcount|number of \w+)"
    r"(?: (?:rows|records|employees|people|persons|workers|staff|entries|count|headcount))?"
    r"\s*(?:[:=]\s*)?(?P<number>\d[\d,.' ]*)?$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\d{1,3}(?:[,.' ]\d{3})*$|^\d+$")


@dataclass(frozen=True, slots=True)
class TotalLine:
    """A line of totals and the whole numbers it names."""

    numbers: tuple[int, ...]

    def fits(self, rows: int) -> bool:
        """Return whether it says nothing against so many rows: it names none, or exactly that one."""
        return not self.numbers or rows in self.numbers


def total_line(cells: Sequence[str]) -> TotalLine | None:
    """Return the line of totals that these cells are: its word first, else only numbers; None for anything else."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    found = _WORDS.match(filled[0]) if filled else None
    if found is None or not all(_NUMBER.match(cell) for cell in filled[1:]):
        return None
    numbers = [found["number"] or "", *filled[1:]]
    return TotalLine(tuple(int(re.sub(r"\D", "", number)) for number in numbers if number.strip()))
