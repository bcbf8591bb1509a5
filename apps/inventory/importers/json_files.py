"""JSON documents of an import, whole or one a line; archives and encodings are made plain before (`importing`)."""

import json
from typing import Any

from apps.inventory.formats import InputFile

#: A document is parsed as a whole; larger exports come in pages or as JSON lines in several files.
MAX_BYTES = 400_000_000


class Unreadable(Exception):
    """A file cannot be read: where in it, and why."""

    def __init__(self, reason: str, where: str = "file") -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


def read_bytes(file: InputFile, limit: int = MAX_BYTES) -> bytes:
    """Return the bytes of a file. Raises Unreadable past the limit."""
    with file.path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise Unreadable(f"the file is larger than {limit:,} bytes")
    return data


def decode(data: bytes) -> str:
    """Return UTF-8 text, with or without a byte order mark. Raises Unreadable with the byte."""
    try:
        return data.decode("utf-8-sig", "surrogatepass")
    except UnicodeDecodeError as problem:
        raise Unreadable("it is not UTF-8 text", f"byte {problem.start}") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def parse(text: str) -> Any:
    """Parse one JSON document. Raises Unreadable with line and column; a bomb of brackets ends the parser early."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as problem:
        raise Unreadable("it is not JSON", f"line {problem.lineno}, column {problem.colno}") from None
    except RecursionError:
        raise Unreadable("it nests deeper than any export does") from None
    except ValueError as problem:
        raise Unreadable(f"it is not JSON: {problem}"[:200]) from None


def _line(number: int, line: str) -> Any:
    try:
        return parse(line)
    except Unreadable as problem:
        raise Unreadable(problem.reason, f"line {number}") from None


def documents(file: InputFile) -> list[tuple[str, Any]]:
    """Return (JSON path, value) of each document of a file: one, or one per line for JSON lines.

    Raises Unreadable.
    """
    text = decode(read_bytes(file)).strip()
    if not text:
        raise Unreadable("the file is empty")
    try:
        return [("$", parse(text))]
    except Unreadable:
        lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for _, line in lines[:2]):
            raise
    return [(f"line {number}: $", _line(number, line)) for number, line in lines]


def beginning(file: InputFile, size: int = 65_536) -> str:
    """Return the first characters of a file for detection; what is no text shows as replacement characters."""
    try:
        with file.path.open("rb") as stream:
            return stream.read(size).decode("utf-8-sig", "replace")
    except OSError:
        return ""
