"""Records as the texts that both databases load: columns in order, a digest over them, secrets taken out.

PostgreSQL and SQLite take the same texts (times as `2026-11-20 06:12:03`, in UTC), so a digest means the same on both.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from django.db import models

from apps.inventory.formats import RowKind
from apps.inventory.importing.secrets import names_a_secret, without_secrets
from apps.inventory.records import Record

#: Stand between and for columns while a row is one text; a value that holds one takes the slow way.
SEPARATOR, NULL = "\x1f", "\x1e"
_SECRET_MARKS = ("-----BEGIN ", "eyJ", "gho_", "ghp_", "ghs_", "ghu_", "xox", "sk-", "glpat-", "://")
_ABSENT = object()
_dumps = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=str
).encode

Text = str | None


class Unfit(ValueError):
    """A record that no table can hold, in plain words."""


class Encoder:
    """Turns the records of one kind into rows of its staged table."""

    def __init__(self, row_kind: RowKind) -> None:
        """Read the columns of the kind once."""
        fields = [row_kind.staged._meta.get_field(name) for name in row_kind.facts]
        self.table: str = row_kind.staged._meta.db_table
        self.columns = (
            "id", "row", "parent", "owner_id", "source_key", "digest", "raw", *(field.column for field in fields)
        )  # fmt: skip
        self.key_length: int = row_kind.staged._meta.get_field("source_key").max_length
        self.derive = row_kind.derive
        self.parent = row_kind.parent
        self._facts = {field.name: (place, _encoder(field)) for place, field in enumerate(fields)}
        self._defaults = [_default(field) for field in fields]
        self._required = [field.name for field, text in zip(fields, self._defaults, strict=True) if text is _ABSENT]

    def encode(self, record: Record) -> tuple[str, str, list[Text]]:
        """Return digest, raw text and the texts of the fact columns. Raises Unfit."""
        facts: Mapping[str, Any] = record.facts
        if self.derive is not None:
            facts = {**facts, **self.derive(facts)}
        if not record.key or len(record.key) > self.key_length:
            raise Unfit(f"its key is longer than {self.key_length} characters" if record.key else "it has no key")
        values: list[Text] = self._defaults[:]
        for name, value in facts.items():
            place, encoder = self._facts[name]
            values[place] = encoder(value)
        for name in self._required:
            if name not in facts:
                raise Unfit(f"it has no {name}")
        raw = raw_text(record.raw)
        together = SEPARATOR.join([record.key, raw, *(NULL if value is None else value for value in values)])
        if "\x00" in together or "\\u0000" in raw:
            raise Unfit("it holds a NUL character")
        try:
            digest = blake2b(together.encode(), digest_size=32).hexdigest()
        except UnicodeEncodeError:
            raise Unfit("it holds text that is not valid Unicode; save the file as UTF-8") from None
        return digest, raw, values


def row_id(source_id: bytes, kind: str, key: str) -> str:
    """Return the id of the row of this kind and key at this source, as 32 hexadecimal digits."""
    return blake2b(f"{kind}\0{key}".encode(errors="replace"), digest_size=16, key=source_id).hexdigest()


def raw_text(raw: Mapping[str, Any]) -> str:
    """Return a raw record as JSON text, secrets removed. Raises Unfit for what JSON or a database cannot hold."""
    if not raw:
        return "{}"
    try:
        flat = all(type(value) is str for value in raw.values())
        if not flat or _secret_among(tuple(raw)):
            return _dumps(without_secrets(raw))
        text = _dumps(raw)
        return _dumps(without_secrets(raw)) if any(mark in text for mark in _SECRET_MARKS) else text
    except (ValueError, TypeError, RecursionError) as problem:
        raise Unfit(f"it cannot be kept as JSON: {problem}") from None


@lru_cache(maxsize=1024)
def _secret_among(names: tuple[str, ...]) -> bool:
    return any(names_a_secret(name) for name in names)


def copy_line(texts: list[Text]) -> str:
    """Return a row in the text form of PostgreSQL's COPY, with its line end."""
    line = SEPARATOR.join([NULL if text is None else text for text in texts])
    plain = not ("\\" in line or "\t" in line or "\n" in line or "\r" in line)
    if plain and line.count(SEPARATOR) == len(texts) - 1 and line.count(NULL) == texts.count(None):
        return line.replace(SEPARATOR, "\t").replace(NULL, "\\N") + "\n"
    return "\t".join("\\N" if text is None else text.translate(_COPY_ESCAPES) for text in texts) + "\n"


_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _default(field: Any) -> Any:
    """Return what stands for an absent column; without default, null or blank the column must be there."""
    if field.has_default() or field.null or field.blank:
        return _encoder(field)(field.get_default())
    return _ABSENT


def _encoder(field: Any) -> Callable[[Any], Text]:
    """Return the function that turns a value of this column into text; it raises Unfit."""
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DateTimeField):
        return _instant
    if isinstance(field, models.DateField):
        return _day
    if isinstance(field, models.IntegerField):
        return _integer(field)
    return _text(field)


def _json(value: Any) -> Text:
    try:
        return _dumps(without_secrets(value))
    except (ValueError, TypeError, RecursionError) as problem:
        raise Unfit(f"it cannot be kept as JSON: {problem}") from None


def _instant(value: Any) -> Text:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unfit("a time without a zone")
    return str((value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None))


def _day(value: Any) -> Text:
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Unfit("a day was expected")
    return value.isoformat()


def _integer(field: Any) -> Callable[[Any], Text]:
    highest = 32_767 if "Small" in type(field).__name__ else 2**63 - 1 if "Big" in type(field).__name__ else 2**31 - 1

    def encode(value: Any) -> Text:
        if value is None and field.null:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
            raise Unfit(f"{field.name} is not a number from 0 to {highest}")
        return str(value)

    return encode


def _text(field: Any) -> Callable[[Any], Text]:
    longest = field.max_length or 1_000_000
    allowed = frozenset(value for value, _ in field.choices) if field.choices else None

    def encode(value: Any) -> Text:
        if not isinstance(value, str):
            raise Unfit(f"{field.name} is not text")
        if len(value) > longest:
            raise Unfit(f"{field.name} has {len(value):,} characters; at most {longest:,} are kept")
        if allowed is not None and value not in allowed:
            raise Unfit(f"{field.name} is none of {', '.join(sorted(allowed))}")
        return value

    return encode
