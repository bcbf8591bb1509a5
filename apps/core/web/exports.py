"""CSV and JSON of every table, streamed, from the same columns that the page shows."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import StreamingHttpResponse

from apps.core.text import csv_cell

MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its key in JSON, its heading, and how a row yields its value."""

    key: str
    label: str
    value: Callable[[Any], Any]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return str(value)


class _Echo:
    def write(self, value: str) -> str:
        return value


def csv_response(filename: str, columns: list[Column], rows: Iterable[Any], note: str = "") -> StreamingHttpResponse:
    """Stream rows as CSV; every text cell is made harmless for spreadsheets. `note` is a first comment line."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        if note:
            yield writer.writerow([f"# {note}"])
        yield writer.writerow([column.label for column in columns])
        for row in rows:
            yield writer.writerow([csv_cell(_plain(column.value(row))) for column in columns])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    return response


def json_response(filename: str, columns: list[Column], rows: Iterable[Any], note: str = "") -> StreamingHttpResponse:
    """Stream rows as a JSON object with `note` and `rows`."""

    def chunks() -> Iterator[str]:
        yield '{"note": ' + json.dumps(note) + ', "rows": ['
        separator = ""
        for row in rows:
            yield separator + json.dumps({column.key: _plain(column.value(row)) for column in columns})
            separator = ", "
        yield "]}"

    response = StreamingHttpResponse(chunks(), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="{filename}.json"'
    return response
