"""Pages of get-account-authorization-details to users, groups, roles and policies, whichever file each stands in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from apps.inventory.formats import InputFile
from apps.inventory.importers.aws_iam.documents import Statement, read_document
from apps.inventory.importers.fields import Fields, WrongValue
from apps.inventory.importers.json_files import Unreadable, documents
from apps.inventory.records import ENTITLEMENT, IDENTITY, Rejected

EXPECTED = "an answer of get-account-authorization-details (UserDetailList, GroupDetailList, RoleDetailList, Policies)"
USERS, GROUPS, ROLES, POLICIES = "UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"
LISTS = (USERS, GROUPS, ROLES, POLICIES)
_WRAPPERS = ("GetAccountAuthorizationDetailsResponse", "GetAccountAuthorizationDetailsResult")


@dataclass(frozen=True, slots=True)
class Found:
    """A user, group or role: its fields, its file, and what is attached to it."""

    file: str
    row: Fields
    arn: str
    name: str

    @property
    def account(self) -> str:
        """Return the account number of its ARN."""
        return self.arn.split(":", 5)[4]


@dataclass(slots=True)
class Export:
    """Everything that the files hold. Policies that cannot be read have a problem instead of statements."""

    users: dict[str, Found] = field(default_factory=dict)
    roles: dict[str, Found] = field(default_factory=dict)
    groups: dict[tuple[str, str], Found] = field(default_factory=dict)
    policies: dict[str, tuple[Statement, ...]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    last_page: bool = False
    pages: int = 0


def pages(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the answers in a document with their places: one, a list of them, or what an SDK wraps around one."""
    for number, one in enumerate(value if isinstance(value, list) else [value]):
        place = f"{path}[{number}]" if isinstance(value, list) else path
        for name in _WRAPPERS:
            if isinstance(one, Mapping) and isinstance(one.get(name), Mapping):
                one, place = one[name], f"{place}.{name}"
        if isinstance(one, Mapping) and any(name in one for name in LISTS[:3]):
            yield place, one


class Gatherer:
    """Reads the files one after the other; `rejected` is what was not taken."""

    def __init__(self) -> None:
        self.export = Export()
        self.rejected: list[Rejected] = []

    def read(self, files: Sequence[InputFile]) -> Export:
        """Return what all files hold together."""
        for file in files:
            try:
                taken = [page for path, value in documents(file) for page in pages(value, path)]
            except Unreadable as problem:
                self.rejected.append(Rejected(file.name, problem.where, problem.reason[:500]))
                continue
            if not taken:
                self.rejected.append(Rejected(file.name, "file", f"recognised nothing of {EXPECTED}"))
            for place, page in taken:
                self._page(file.name, place, page)
        return self.export

    def _page(self, file: str, place: str, page: Mapping[str, Any]) -> None:
        self.export.pages += 1
        truncated = page.get("IsTruncated")
        more = truncated is True or str(truncated).lower() == "true"
        self.export.last_page = self.export.last_page or not more
        readers = {USERS: self._user, GROUPS: self._group, ROLES: self._role, POLICIES: self._policy}
        for name, read in readers.items():
            if name not in page:
                continue
            self.export.listed.add(name)
            rows = page[name]
            for number, value in enumerate(rows if isinstance(rows, list) else [] if rows is None else [rows]):
                try:
                    read(file, Fields.of(value, f"{place}.{name}[{number}]"))
                except WrongValue as wrong:
                    self._refuse(file, name, value, wrong)

    def _refuse(self, file: str, name: str, value: Any, wrong: WrongValue) -> None:
        """What a rejected user or role had stays; what hangs on a rejected group or policy cannot be told gone."""
        kind = IDENTITY if name in (USERS, ROLES) else ENTITLEMENT
        key = value.get("Arn") if isinstance(value, Mapping) and kind == IDENTITY else ""
        key = key if isinstance(key, str) else ""
        self.rejected.append(Rejected(file, wrong.where[:200], wrong.reason[:500], kind, key))

    def _found(self, file: str, row: Fields, kind: str) -> Found:
        arn, name = row.key("Arn"), row.key(f"{kind}Name", limit=300)
        parts = arn.split(":", 5)
        if len(parts) < 6 or parts[2] != "iam" or not parts[5].startswith(f"{kind.lower()}/"):
            raise WrongValue(f"{row.where}.Arn", f"{arn[:80]!r} is no ARN of a {kind.lower()}")
        return Found(file, row, arn, name)

    def _user(self, file: str, row: Fields) -> None:
        found = self._found(file, row, "User")
        _once(self.export.users, found.arn, found, row)

    def _role(self, file: str, row: Fields) -> None:
        found = self._found(file, row, "Role")
        _once(self.export.roles, found.arn, found, row)

    def _group(self, file: str, row: Fields) -> None:
        found = self._found(file, row, "Group")
        _once(self.export.groups, (found.account, found.name), found, row)

    def _policy(self, file: str, row: Fields) -> None:
        arn = row.key("Arn", limit=2_048)
        try:
            value, where = default_version(row)
            statements = read_document(value, where)
        except WrongValue as wrong:
            self.export.problems.setdefault(arn, "its document cannot be read")
            raise wrong from None
        if self.export.policies.setdefault(arn, statements) != statements:
            raise WrongValue(f"{row.where}.Arn", f"{arn} appears twice, with different documents")


def _once(known: dict[Any, Found], key: Any, found: Found, row: Fields) -> None:
    if key in known:
        raise WrongValue(f"{row.where}.Arn", f"{found.arn} appears twice")
    known[key] = found


def default_version(row: Fields) -> tuple[Any, str]:
    """Return the document in force of a managed policy, and its place. Raises WrongValue where none is marked."""
    default = row.text("DefaultVersionId")
    versions = as_list(row, "PolicyVersionList")
    for number, value in enumerate(versions):
        one = Fields.of(value, f"{row.where}.PolicyVersionList[{number}]")
        marked = one.data.get("IsDefaultVersion")
        if str(marked).lower() == "true" or (marked is None and default and one.text("VersionId") == default):
            return one.data.get("Document"), f"{one.where}.Document"
    raise WrongValue(f"{row.where}.PolicyVersionList", "no version of it is marked as the default")


def as_list(row: Fields, name: str) -> list[Any]:
    """Return a list; where a tool wrote a list of one as the one thing itself, a list of that."""
    value = row.data.get(name)
    return row.rows(name) if value is None or isinstance(value, list) else [value]
