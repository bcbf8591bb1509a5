"""From any value to RFC 8785 bytes, and from text to a database column.

Entries hold strings, booleans, null and integers under 2^53 only, so that every JSON reader reads the same. What comes
from outside may hold NUL, lone surrogates, numbers of a million digits or endless nesting: it is written down in a form
that survives, never refused, because an event that cannot be recorded would be an act that cannot be recorded.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import rfc8785

MAX_TEXT = 4000
SLACK = 120  # what a cut adds: making a value plain twice changes nothing more
MAX_DEPTH = 12
MAX_ITEMS = 500
SAFE_INTEGER = 2**53


def instant(value: datetime) -> str:
    """Return an instant as RFC 3339 text in UTC with microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def text(value: str) -> str:
    """Return text that UTF-8 can hold: a lone surrogate becomes its escape; what is too long ends with its digest."""
    clean = value.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(clean) <= MAX_TEXT + SLACK:
        return clean
    digest = hashlib.sha256(clean.encode()).hexdigest()
    return f"{clean[:MAX_TEXT]}… ({len(clean)} characters, sha256 {digest})"


def column(value: str, width: int) -> str:
    """Return text as its search column holds it: without NUL, which PostgreSQL refuses, and cut to the width."""
    return value.replace("\x00", "\ufffd")[:width]


def _integer(value: int) -> int | str:
    if abs(value) < SAFE_INTEGER:
        return int(value)
    return str(value) if value.bit_length() < 4096 else text(hex(value))


def plain(value: Any, depth: int = 0) -> Any:
    """Return the value as JSON with strings, booleans, null and safe integers only."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, datetime):
        return instant(value) if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return text(value.hex())
    if depth < MAX_DEPTH and isinstance(value, Mapping):
        return _mapping(value, depth)
    if depth < MAX_DEPTH and isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        few = len(value) <= MAX_ITEMS + 1
        kept = [plain(item, depth + 1) for item in list(items)[: MAX_ITEMS + few]]
        return kept if few else [*kept, f"… {len(value) - MAX_ITEMS} more"]
    return text(str(value)) if depth < MAX_DEPTH else "… nested too deeply"


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for number, (key, item) in enumerate(value.items()):
        if number == MAX_ITEMS and len(value) > MAX_ITEMS + 1:
            kept["…"] = f"{len(value) - MAX_ITEMS} more"
            break
        name = text(str(key))
        kept[name if name not in kept else f"{name} ({number})"] = plain(item, depth + 1)
    return kept


def encode(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value, made plain first."""
    return rfc8785.dumps(plain(value))
