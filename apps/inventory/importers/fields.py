"""Typed reading of vendor records: a wrong type is an error with its place, absent and null are "not known"."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.core.facts import Fact
from apps.inventory.importing.times import EPOCH, instant

#: Milliseconds of the last instant of year 9999.
_LAST_MS = 253_402_300_799_999


class WrongValue(Exception):
    """A value that cannot be taken: where it stands and what is wrong with it."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


def clean(text: str) -> str:
    """Return text that every database stores: no NUL, no lone surrogate."""
    return "".join(c for c in text if c != "\x00" and unicodedata.category(c) != "Cs")


#: Deeper than this nothing legitimate nests (reliability.md §2, case 17).
MAX_DEPTH = 50
TOO_DEEP = "[nested too deep, left out]"


def storable(value: Any, depth: int = 0) -> Any:
    """Return JSON data with every string cleaned and numbers that JSON knows; other values as their text."""
    if depth > MAX_DEPTH - 5:
        return TOO_DEEP
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, Mapping):
        return {clean(str(key)): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item, depth + 1) for item in value]
    return clean(str(value))


@dataclass(frozen=True, slots=True)
class Fields:
    """One record of an export, with the JSON path at which it stands."""

    data: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: Any, where: str) -> "Fields":
        """Wrap an object; raise WrongValue for anything else."""
        if not isinstance(value, Mapping):
            raise WrongValue(where, f"an object was expected, not {_named(value)}")
        return cls(value, where)

    def text(self, name: str, *, limit: int = 0) -> str:
        """Return a string, "" where it is absent or null; cut at `limit` characters."""
        value = self.data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise WrongValue(f"{self.where}.{name}", f"text was expected, not {_named(value)}")
        value = clean(value).strip()
        return value[:limit] if limit else value

    def key(self, name: str, *, limit: int = 700) -> str:
        """Return an identifier; raise WrongValue where it is missing, not text, or too long to be kept whole."""
        value = self.text(name)
        if not value:
            raise WrongValue(f"{self.where}.{name}", "it is missing, and without it the record cannot be told apart")
        if len(value) > limit:
            raise WrongValue(f"{self.where}.{name}", f"it is longer than {limit} characters")
        return value

    def fact(self, name: str) -> Fact:
        """Return yes or no for a boolean (also written as a word), unknown where it is absent or null."""
        value = self.data.get(name)
        if value is None:
            return Fact.UNKNOWN
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            value = value.strip().lower() == "true"
        if not isinstance(value, bool):
            raise WrongValue(f"{self.where}.{name}", f"true or false was expected, not {_named(value)}")
        return Fact.YES if value else Fact.NO

    def time(self, name: str) -> datetime | None:
        """Return an ISO 8601 time in UTC, None where it is absent, null or empty."""
        value = self.text(name)
        if not value:
            return None
        try:
            return instant(value)
        except ValueError:
            raise WrongValue(f"{self.where}.{name}", f"{value[:40]!r} is not a time") from None

    def epoch_ms(self, name: str) -> datetime | None:
        """Return a time given in milliseconds since 1970 (number or digits), None where absent or zero."""
        value = self.data.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
            value = int(value)
        if value is None or value == 0 or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LAST_MS:
            raise WrongValue(f"{self.where}.{name}", "milliseconds since 1970 were expected")
        return EPOCH + timedelta(milliseconds=value)

    def rows(self, name: str) -> list[Any]:
        """Return a list, empty where it is absent or null."""
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise WrongValue(f"{self.where}.{name}", f"a list was expected, not {_named(value)}")
        return value

    def inner(self, name: str) -> "Fields | None":
        """Return an object inside, None where it is absent or null."""
        value = self.data.get(name)
        return None if value is None else Fields.of(value, f"{self.where}.{name}")


def _named(value: Any) -> str:
    names = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "list": "a list"}
    return "null" if value is None else names.get(type(value).__name__, "an object")
