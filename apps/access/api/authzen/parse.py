"""Reading AuthZEN request bodies. Unknown fields are ignored; what is missing or of a wrong type is named."""

from collections.abc import Mapping
from typing import Any

from apps.access.decisions.questions import Action, Entity, Question
from apps.core.api.bodies import BadBody, json_object

MAX_EVALUATIONS = 500
MAX_TEXT = 700
PARTS = ("subject", "action", "resource", "context")
#: The field without which a part of a question says nothing, beside `type`.
NAMED_BY = {"subject": "id", "action": "name", "resource": "id"}


class Malformed(Exception):
    """The request breaks the protocol; the text names the place."""


def body_of(content_type: str, raw: bytes) -> dict[str, Any]:
    """Return the JSON object of a request. Raises Malformed."""
    if content_type.split(";")[0].strip().lower() != "application/json":
        raise Malformed("Content-Type must be application/json.")
    try:
        return json_object(raw)
    except BadBody as problem:
        raise Malformed(str(problem)) from None


def question_of(body: Mapping[str, Any], seeking: str = "") -> Question:
    """Return the question of a body; the part that is sought needs no id and no name. Raises Malformed."""
    subject = _entity(body, "subject", named=seeking != "subject")
    resource = _entity(body, "resource", named=seeking != "resource")
    action = Action("") if seeking == "action" else _action(body)
    context = body.get("context")
    if context is not None and not isinstance(context, dict):
        raise Malformed("context must be an object.")
    return Question(subject, action, resource, context or {})


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    if part is None:
        raise Malformed(f"{name} is missing.")
    if not isinstance(part, dict):
        raise Malformed(f"{name} must be an object.")
    return part


def _text(part: Mapping[str, Any], name: str, field: str) -> str:
    value = part.get(field)
    if value is None:
        raise Malformed(f"{name}.{field} is missing.")
    if not isinstance(value, str) or not value or len(value) > MAX_TEXT:
        raise Malformed(f"{name}.{field} must be a text of 1 to {MAX_TEXT} characters.")
    return value


def _properties(part: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = part.get("properties")
    if value is not None and not isinstance(value, dict):
        raise Malformed(f"{name}.properties must be an object.")
    return value or {}


def _entity(body: Mapping[str, Any], name: str, *, named: bool) -> Entity:
    part = _part(body, name)
    found = _text(part, name, "id") if named else ""
    return Entity(_text(part, name, "type"), found, _properties(part, name))


def _action(body: Mapping[str, Any]) -> Action:
    part = _part(body, "action")
    return Action(_text(part, "action", "name"), _properties(part, "action"))


def items_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the bodies of a batch, defaults filled in; None where the body is a single question.

    A part of an item replaces the default as a whole, but for `type`, `id` and `name`, which it may leave to it.
    Raises Malformed.
    """
    items = body.get("evaluations")
    if items is None or items == []:
        return None
    if not isinstance(items, list):
        raise Malformed("evaluations must be an array.")
    if len(items) > MAX_EVALUATIONS:
        raise Malformed(f"At most {MAX_EVALUATIONS} evaluations can be asked at once.")
    return [_filled(item, body) if isinstance(item, dict) else {} for item in items]


def _filled(item: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any]:
    filled: dict[str, Any] = {}
    for name in PARTS:
        own, default = item.get(name), body.get(name)
        if isinstance(own, dict) and isinstance(default, dict) and name in NAMED_BY:
            kept = {field: default[field] for field in ("type", NAMED_BY[name]) if field in default}
            filled[name] = kept | own
        else:
            filled[name] = default if own is None else own
    return filled
