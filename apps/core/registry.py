"""Explicit registries: an upper floor tells a lower one what it must know, in `ready()`; a bad entry stops start-up."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


class Registry(Generic[T]):
    """Named entries in registration order; a name is registered once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._entries: dict[str, T] = {}

    def register(self, name: str, entry: T) -> T:
        """Add an entry; raise ImproperlyConfigured when the name is taken by another."""
        if name in self._entries and self._entries[name] is not entry:
            raise ImproperlyConfigured(f"{self._what} {name!r} is registered twice")
        self._entries[name] = entry
        return entry

    def get(self, name: str) -> T | None:
        """Return the entry, or None."""
        return self._entries.get(name)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._entries.values()))

    def names(self) -> list[str]:
        """Return the names in registration order."""
        return list(self._entries)
