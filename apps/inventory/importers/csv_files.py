"""CSV as tools and spreadsheets write it: any delimiter, a byte order mark, and rows that do not fit their header."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace

from apps.inventory.formats import InputFile

#: The longest cell; more is a quote that was never closed, or a bomb.
MAX_CELL = 1_000_000
MAX_COLUMNS = 2_000
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its place ("row 7", the header being row 1); `problem` says why it cannot be read.

    `cut_off` marks a last row with too few columns: the file may go on elsewhere.
    """

    where: str
    cells: list[str]
    problem: str = ""
    spans_lines: bool = False
    cut_off: bool = False

    def told(self, place: int | None) -> str:
        """Return a cell of a row that does not fit its header, where it can be trusted to be whole, else ""."""
        whole = place is not None and place + 1 < len(self.cells) and not self.spans_lines
        return self.cells[place or 0].strip() if whole else ""


class CsvFile:
    """An open CSV file: its header, and its rows as a stream."""

    def __init__(self, file: InputFile) -> None:
        """Read the header; an empty or binary file has an empty header."""
        csv.field_size_limit(MAX_CELL)
        self.name = file.name
        self._file = file
        with self._open() as stream:
            first = stream.readline(MAX_CELL)
        self.delimiter = max(DELIMITERS, key=first.count)
        try:
            header = next(csv.reader([first], delimiter=self.delimiter), [])
        except csv.Error:
            header = []
        self.header = [name.strip() for name in header] if "\x00" not in first and len(header) <= MAX_COLUMNS else []

    def _open(self):  # type: ignore[no-untyped-def]
        return self._file.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")

    def rows(self) -> Iterator[Row]:
        """Yield the rows after the header; blank lines are skipped, a broken file ends with a row that says so."""
        width = len(self.header)
        with self._open() as stream:
            reader = csv.reader(stream, delimiter=self.delimiter)
            number, line = 1, 0
            held: Row | None = None
            try:
                next(reader, None)
                line = reader.line_num
                for cells in reader:
                    number += 1
                    before, line = line, reader.line_num
                    if not any(cells):
                        continue
                    if held:
                        yield held
                    held = None if len(cells) == width else _misfit(number, cells, width, line - before)
                    if held is None:
                        yield Row(f"row {number}", cells)
                if held:
                    yield replace(held, cut_off=len(held.cells) < width)
            except csv.Error as problem:
                if held:
                    yield held
                yield Row(f"row {number + 1}", [], f"the file cannot be read from here on: {problem}", True)


def _misfit(number: int, cells: list[str], width: int, lines: int) -> Row:
    more = f"; it runs over {lines:,} lines, perhaps a quote is not closed" if lines > 1 else ""
    return Row(f"row {number}", cells, f"it has {len(cells)} columns, the header has {width}{more}", lines > 1)
