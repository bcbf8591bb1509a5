"""Policy documents: JSON as an object or as (URL-encoded) text, in which almost everything may be one or a list.

IAM User Guide, "IAM JSON policy elements". What is not as AWS would have stored it is refused with its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from apps.inventory.importers.fields import WrongValue, clean
from apps.inventory.importers.json_files import Unreadable, parse

#: AWS stores at most 10,240 characters of a role's inline policies, 6,144 of a managed one; variables and spaces aside.
MAX_CHARACTERS, MAX_STATEMENTS, MAX_ENTRIES, MAX_ENTRY = 200_000, 1_000, 5_000, 2_048
PASSED_TO = "iam:passedtoservice"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. With `not_actions` or `not_resources` the entries are those it is not about.

    `conditions` are the keys of conditions that nothing here evaluates; `passed_to` the services of an evaluated
    `iam:PassedToService`. `principals` are (type, value) pairs of a trust policy.
    """

    allow: bool
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...]
    not_resources: bool
    conditions: tuple[str, ...] = ()
    passed_to: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    not_principals: bool = False


def read_document(value: Any, where: str, *, trust: bool = False) -> tuple[Statement, ...]:
    """Return the statements of a policy, or of a trust policy, which names principals and no resources.

    Raises WrongValue with the place.
    """
    if isinstance(value, str):
        value = _decoded(value, where)
    if not isinstance(value, Mapping):
        raise WrongValue(where, "a policy document was expected")
    found = value.get("Statement")
    rows = found if isinstance(found, list) else [found]
    if len(rows) > MAX_STATEMENTS:
        raise WrongValue(f"{where}.Statement", f"it has {len(rows):,} statements; at most {MAX_STATEMENTS:,} are read")
    statements = tuple(_statement(row, f"{where}.Statement[{n}]", trust=trust) for n, row in enumerate(rows))
    entries = sum(len(s.actions) + len(s.resources) + len(s.principals) for s in statements)
    if entries > MAX_ENTRIES:
        raise WrongValue(f"{where}.Statement", f"it has {entries:,} entries; AWS stores no such policy")
    return statements


def _decoded(text: str, where: str) -> Any:
    if len(text) > MAX_CHARACTERS:
        raise WrongValue(where, f"it has {len(text):,} characters; AWS stores no such policy")
    try:
        return parse(text if text.lstrip().startswith("{") else unquote(text, errors="strict"))
    except (Unreadable, UnicodeDecodeError) as problem:
        raise WrongValue(where, f"the policy document cannot be read: {problem}"[:300]) from None


def _statement(row: Any, where: str, *, trust: bool) -> Statement:
    if not isinstance(row, Mapping):
        raise WrongValue(where, "a statement was expected")
    effect = row.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise WrongValue(f"{where}.Effect", "Allow or Deny was expected")
    actions, not_actions = _either(row, "Action", "NotAction", where)
    resources, not_resources = ((), False) if trust else _either(row, "Resource", "NotResource", where)
    principals, not_principals = _principals(row, where) if trust else ((), False)
    conditions, passed_to = _conditions(row.get("Condition"), f"{where}.Condition")
    return Statement(
        effect == "Allow",
        tuple(action.lower() for action in actions),
        not_actions,
        resources,
        not_resources,
        conditions,
        passed_to,
        principals,
        not_principals,
    )


def _either(row: Mapping[str, Any], name: str, opposite: str, where: str) -> tuple[tuple[str, ...], bool]:
    """Return the entries of whichever of the two elements stands there, and whether it is the opposite."""
    if (name in row) == (opposite in row):
        raise WrongValue(where, f"either {name} or {opposite} was expected")
    given = opposite if opposite in row else name
    return texts(row[given], f"{where}.{given}"), given == opposite


def texts(value: Any, where: str) -> tuple[str, ...]:
    """Return one text or a list of texts as a tuple. Raises WrongValue."""
    entries = value if isinstance(value, list) else [value]
    for number, entry in enumerate(entries):
        if not isinstance(entry, str) or not clean(entry).strip():
            raise WrongValue(f"{where}[{number}]", "text was expected")
        if len(entry) > MAX_ENTRY:
            raise WrongValue(f"{where}[{number}]", f"it is longer than {MAX_ENTRY:,} characters")
    return tuple(dict.fromkeys(clean(entry).strip() for entry in entries))


def _principals(row: Mapping[str, Any], where: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    if ("Principal" in row) == ("NotPrincipal" in row):
        raise WrongValue(where, "either Principal or NotPrincipal was expected")
    name = "Principal" if "Principal" in row else "NotPrincipal"
    value = row[name]
    if value == "*":
        return (("AWS", "*"),), name == "NotPrincipal"
    if not isinstance(value, Mapping):
        raise WrongValue(f"{where}.{name}", "an object or * was expected")
    pairs = ((str(kind)[:40], text) for kind, given in value.items() for text in texts(given, f"{where}.{name}.{kind}"))
    return tuple(pairs), name == "NotPrincipal"


def _conditions(value: Any, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys that stay unevaluated, and the services of the one that is evaluated."""
    if value is None or value == {}:
        return (), ()
    if not isinstance(value, Mapping):
        raise WrongValue(where, "an object was expected")
    keys: list[str] = []
    passed: tuple[str, ...] = ()
    for operator, tests in value.items():
        if not isinstance(tests, Mapping):
            raise WrongValue(f"{where}.{str(operator)[:40]}", "an object was expected")
        for key, expected in tests.items():
            plain = str(operator).lower() in ("stringequals", "stringlike", "stringequalsignorecase")
            if plain and str(key).lower() == PASSED_TO and not passed:
                passed = texts(expected, f"{where}.{operator}.{key}")
            else:
                keys.append(clean(str(key))[:80])
    return tuple(sorted(set(keys))), passed
