"""The stored secret of a connection: encrypted, bound to its row and its address, and never shown.

The binding makes a ciphertext worthless elsewhere: one that is moved to another row, or whose row's address was changed
behind the portal's back, does not open (reliability.md §2, case 13).
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

from apps.core import sealed as core_sealed
from apps.core.errors import Conflict


class Secret:
    """The secret fields of a connection, in memory, for as long as a call takes. It cannot be printed or serialised."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def get(self, name: str, default: str = "") -> str:
        """Return a field, or the default."""
        return self._values.get(name, default)

    def __bool__(self) -> bool:
        return bool(self._values)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialised")

    __hash__ = None  # type: ignore[assignment]

    def sealed_for(self, owner: UUID, anchor: str) -> str:
        """Return the secret encrypted for one row and one address; empty when there is nothing to keep."""
        if not self._values:
            return ""
        return core_sealed.seal(json.dumps({"owner": str(owner), "anchor": anchor, "values": self._values}))


EMPTY = Secret({})


def unseal(text: str, owner: UUID, anchor: str) -> Secret:
    """Return the secret sealed for exactly this row and address; the empty one for an empty text.

    Raises Conflict when it does not open: the key is gone, or it was sealed for something else.
    """
    if not text:
        return EMPTY
    try:
        payload: dict[str, Any] = json.loads(core_sealed.unseal(text))
    except (core_sealed.Unreadable, ValueError):
        raise Conflict("The stored secret cannot be read with the keys present. Enter it again.") from None
    if payload.get("owner") != str(owner) or payload.get("anchor") != anchor:
        raise Conflict("The stored secret was entered for another address. Enter it again.")
    return Secret(payload["values"])
