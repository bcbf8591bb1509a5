"""MLflow's basic-auth app: users and their permissions, as `users/list` and `users/get` answer.

Up to the 3.x releases that brought roles, each user names rows per registered model and experiment; later ones name
roles with their permissions. A user without a row has the server's default permission, which no answer tells: it is an
option of the import (`--default-permission`, READ as MLflow is delivered). So the absence of a row is not the absence
of access, but for a default of NO_PERMISSIONS. Administrators have every permission without any row.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.core.facts import Fact
from apps.inventory.formats import Format, InputFile, Recognition
from apps.inventory.importers.fields import Fields, WrongValue, storable
from apps.inventory.importers.json_files import Unreadable, beginning, documents
from apps.inventory.records import ENTITLEMENT, IDENTITY, Covered, Item, Record, Rejected, UnrecognisedInput

EXPECTED = "MLflow's answers of users/list or users/get (JSON with `user` or `users`)"
LEVELS = ("READ", "USE", "EDIT", "MANAGE", "NO_PERMISSIONS")
#: Words that take access away, or say that there is none.
NOTHING = frozenset({"NO_PERMISSIONS", "DENY"})
DEFAULT_PERMISSION = "default_permission"
MODEL, EVERY = "registered_model", "*"
_ROWS = (("registered_model_permissions", "name", ""), ("experiment_permissions", "experiment_id", "experiment:"))
#: What only users of MLflow have; a user of another product has none of it.
_MARKS = ('"registered_model_permissions"', '"experiment_permissions"', '"is_admin"')


def _default(options: Mapping[str, Any]) -> str:
    level = str(options.get(DEFAULT_PERMISSION) or "READ").strip().upper()
    if level not in LEVELS:
        raise UnrecognisedInput(f"the default permission {level[:40]!r}", f"one of {', '.join(LEVELS)}")
    return level


def _users(path: str, value: Any) -> list[tuple[str, Any]] | None:
    """Return the users of an answer with their places; None where it is no such answer."""
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("users"), list):
        found = [(f"{path}.users[{index}]", row) for index, row in enumerate(value["users"])]
    elif isinstance(value.get("user"), Mapping):
        found = [(f"{path}.user", value["user"])]
    else:
        return None
    rows = [row for _, row in found if isinstance(row, Mapping)]
    return found if all("username" in row and "is_admin" in row for row in rows) else None


def _why_not(value: Any) -> str:
    if isinstance(value, Mapping) and "error_code" in value:
        return f"an error answer of the server, no records ({value['error_code']}: {value.get('message', '')})"[:300]
    if isinstance(value, Mapping) and "registered_model_permission" in value:
        return "one permission, which names its user by number only; export the user with users/get or users/list"
    if isinstance(value, Mapping) and "permissions" in value:
        return "the permissions of a user it does not name; export the users with users/list"
    return f"recognised no user of MLflow; expected {EXPECTED}"


class _Users:
    """One import while its files are read: every user once."""

    def __init__(self, default: str) -> None:
        self.default = default
        self.seen: set[str] = set()
        self.listed = False

    def take(self, file: str, where: str, value: Any) -> Iterator[Item]:
        """Yield a user and what they may do."""
        key = ""
        try:
            row = Fields.of(value, where)
            key = row.key("username", limit=320)
            if key in self.seen:
                raise WrongValue(f"{where}.username", f"{key} appears twice")
            records = [self._identity(row, key, file), *self._entitlements(row, key, file)]
        except WrongValue as wrong:
            yield Rejected(file, wrong.where[:200], wrong.reason[:500], IDENTITY, key)
            return
        self.seen.add(key)
        yield from records

    def _identity(self, row: Fields, key: str, file: str) -> Record:
        facts = {
            "name": key,
            "login": key,
            "email": key if "@" in key else "",
            "enabled": Fact.YES,
            "is_admin": row.fact("is_admin"),
            "password_sign_in": Fact.YES,
        }
        raw = {name: value for name, value in row.data.items() if name in ("id", "username", "is_admin")}
        return Record(IDENTITY, key, facts, storable(raw), file, row.where)

    def _entitlements(self, row: Fields, key: str, file: str) -> Iterator[Record]:
        """Yield each permission once, the strongest words of the source as they are."""
        found: dict[tuple[str, str, str], tuple[Mapping[str, Any], str]] = {}
        if row.fact("is_admin") == Fact.YES:
            found[("MANAGE", EVERY, "administrator")] = ({"is_admin": True}, row.where)
        elif self.default not in NOTHING:
            found[(self.default, EVERY, "default")] = ({"default_permission": self.default}, row.where)
        for level, scope, how, raw, where in (*_of_rows(row), *_of_roles(row)):
            if level not in NOTHING:
                found.setdefault((level, scope, how), (raw, where))
        for (level, scope, how), (raw, where) in found.items():
            facts = {
                "identity_key": key,
                "operation": level,
                "scope": scope,
                "how": how,
                "privileged": Fact.YES if level == "MANAGE" else Fact.NO,
                "on_ai": Fact.YES,
                "full_access": Fact.YES if (level, scope) == ("MANAGE", EVERY) else Fact.NO,
            }
            yield Record(ENTITLEMENT, f"{key}|{level}|{how}|{scope}"[:700], facts, storable(raw), file, where)


def _of_rows(row: Fields) -> Iterator[tuple[str, str, str, Mapping[str, Any], str]]:
    for name, place, prefix in _ROWS:
        for index, value in enumerate(row.rows(name)):
            one = Fields.of(value, f"{row.where}.{name}[{index}]")
            yield one.key("permission", limit=40), prefix + one.key(place, limit=600), "direct", one.data, one.where


def _of_roles(row: Fields) -> Iterator[tuple[str, str, str, Mapping[str, Any], str]]:
    """Yield the permissions of roles; those in the user's own role (`__user_<id>__`) were given to the user alone."""
    for index, value in enumerate(row.rows("roles")):
        role = Fields.of(value, f"{row.where}.roles[{index}]")
        own = role.text("name").startswith("__user_")
        for number, permission in enumerate(role.rows("permissions")):
            one = Fields.of(permission, f"{role.where}.permissions[{number}]")
            kind, pattern = one.key("resource_type", limit=60), one.key("resource_pattern", limit=600)
            scope = pattern if kind == MODEL else f"{kind}:{pattern}"
            raw = {**one.data, "role": role.text("name", limit=200)}
            yield one.key("permission", limit=40), scope, "direct" if own else "role", raw, one.where


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the records of one export. Raises UnrecognisedInput when no file holds users of MLflow."""
    users = _Users(_default(options))
    taken: list[tuple[str, str, Any]] = []
    rejected: list[Rejected] = []
    for file in files:
        try:
            for path, value in documents(file):
                found = _users(path, value)
                if found is None:
                    rejected.append(Rejected(file.name, path[:200], _why_not(value)))
                    continue
                users.listed = users.listed or "users" in value
                taken += [(file.name, where, row) for where, row in found]
        except Unreadable as problem:
            rejected.append(Rejected(file.name, problem.where, problem.reason[:500]))
    if not taken:
        what = "; ".join(f"{one.file}: {one.reason}" for one in rejected[:3]) or "no file"
        raise UnrecognisedInput(what, EXPECTED)
    yield from rejected
    for file_name, where, row in taken:
        yield from users.take(file_name, where, row)
    # Only the list of all users says who is gone.
    yield Covered(IDENTITY, complete=users.listed, listed=users.listed)
    yield Covered(ENTITLEMENT, complete=users.listed)


def detect(files: Sequence[InputFile]) -> Recognition:
    """Say how sure it is that these are users of MLflow. Nothing in them names the server."""
    texts = [beginning(file) for file in files]
    hits = [text for text in texts if '"username"' in text and any(mark in text for mark in _MARKS)]
    own = any(_MARKS[0] in text or '"resource_pattern"' in text for text in hits)
    return Recognition(92 if own else 40 if hits else 0, "mlflow-auth" if hits else "", "MLflow users and permissions")


FORMAT = Format(
    name="mlflow-auth",
    title="MLflow users and permissions",
    main_kinds=(IDENTITY,),
    detect=detect,
    parse=parse,
    brings_ai_entitlements=True,
    describes="users/list or users/get of a server with the basic-auth app (JSON)",
    options={DEFAULT_PERMISSION: "what a user without a row may do: READ, USE, EDIT, MANAGE or NO_PERMISSIONS"},
)
