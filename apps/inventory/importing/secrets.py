"""Taking secret values out of raw records before they are kept (formats.md §1, "Never store secret values")."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REMOVED = "[removed]"
#: Deeper than this nothing legitimate nests (reliability.md §2, case 17).
MAX_DEPTH = 50
_NAME = re.compile(
    r"(^|_)(password|passwd|pwd|passphrase|secret|token|private_?key|api_?key|access_?key|secret_?key|secret_text"
    r"|client_?secret|connection_?string|sas_?url|shared_?key)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-.\s]+")
_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.[\w-]{10,}\.|\bgh[opsu]_[A-Za-z0-9]{30,}|\bxox[abp]-[\w-]{20,}"
    r"|\bsk-[A-Za-z0-9_-]{32,}|\bglpat-[\w-]{20,}|://[^/\s:@]+:[^/\s:@]+@"
)


class TooDeep(ValueError):
    """A record nests deeper than any vendor's does."""


@lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Return whether a field of this name holds a secret value: `clientSecret` does, `password_enabled` does not."""
    return bool(_NAME.search(_CAMEL.sub("_", name).lower()))


def without_secrets(value: Any, depth: int = 0) -> Any:
    """Return JSON data with secret values replaced by `[removed]`; facts about them (yes, no, null, numbers) stay.

    Raises TooDeep.
    """
    if depth > MAX_DEPTH:
        raise TooDeep(f"it nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return REMOVED if _VALUE.search(value) else value
    if isinstance(value, Mapping):
        return {
            key: REMOVED if isinstance(item, str) and item and names_a_secret(str(key)) and not _is_fact(item)
            else without_secrets(item, depth + 1)
            for key, item in value.items()
        }  # fmt: skip
    if isinstance(value, list | tuple):
        return [without_secrets(item, depth + 1) for item in value]
    return value


def _is_fact(text: str) -> bool:
    return text.lower() in ("true", "false", "yes", "no", "n/a", "none", "not_supported")
