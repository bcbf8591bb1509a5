"""What is sent to the API: a JSON object of bounded size and depth, with nothing in it that cannot be kept."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_BYTES = 1_000_000
MAX_DEPTH = 50
#: Unknown fields that are named in an answer, and how many characters of each.
TOLD = 10
TOLD_LENGTH = 60


class BadBody(ValueError):
    """A body that is not read; the text says why."""


def json_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a body. Raises BadBody.

    Texts with a NUL or half a surrogate pair are refused: PostgreSQL keeps neither.
    """
    if len(raw) > MAX_BYTES:
        raise BadBody(f"The body is larger than {MAX_BYTES:,} bytes.")
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadBody("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise BadBody("The body must be a JSON object.")
    _check(body, 0)
    return body


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for name, one in value.items():
            _check_text(name)
            _check(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check(one, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadBody("The body has a text with a NUL or half a surrogate pair; leave it out.")


class ObjectParser(JSONParser):
    """Reads a JSON object and nothing else."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> dict[str, Any]:
        """Return the object. Raises ParseError, which is told as 400."""
        try:
            return json_object(stream.read(MAX_BYTES + 1))
        except BadBody as problem:
            raise ParseError(str(problem)) from None


class Body(serializers.Serializer[Any]):
    """What may be sent: exactly the declared fields. Any other is an error, so that nothing is set by its name."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values. Raises ValidationError naming unknown and wrong fields."""
        if isinstance(data, Mapping):
            known = [str(field.field_name) for field in self._writable_fields]
            unknown = sorted(set(data) - set(known))
            if unknown:
                told = f"Unknown field. Known here: {', '.join(known) or 'none'}."
                raise serializers.ValidationError({name[:TOLD_LENGTH]: [told] for name in unknown[:TOLD]})
        return super().to_internal_value(data)
