"""Microsoft Graph exports to records: users, userRegistrationDetails and roleAssignments, in any combination."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.core.facts import Fact
from apps.inventory.formats import InputFile, Recognition
from apps.inventory.importers.fields import Fields, WrongValue, storable
from apps.inventory.importers.json_files import Unreadable, beginning
from apps.inventory.importers.microsoft_graph.factors import factor_records
from apps.inventory.importers.microsoft_graph.merge import Merged, principal_facts, unknown_columns, user_facts
from apps.inventory.importers.microsoft_graph.recognise import (
    EXPECTED,
    REGISTRATION,
    ROLES,
    TAKEN,
    UPN,
    USERS,
    Page,
    glance,
    pages,
)
from apps.inventory.importers.microsoft_graph.roles import OTHER, PRIVILEGED, role_name
from apps.inventory.records import ENTITLEMENT, FACTOR, IDENTITY, Covered, Item, Record, Rejected, UnrecognisedInput
from apps.inventory.states import IdentityKind

_AI_ADMINISTRATOR = "AI Administrator"


class GraphImport:
    """One import while its files are read: identities by object id, and the rows that hang on them."""

    def __init__(self) -> None:
        self.found: dict[str, Merged] = {}
        self._seen: set[tuple[str, str, str]] = set()

    def _merged(self, key: str, page: Page, where: str) -> Merged:
        return self.found.setdefault(key, Merged(key, page.file, where))

    def _once(self, page: Page, key: str, where: str, *, in_file: bool) -> None:
        place = (page.resource, page.file if in_file else "", key)
        if place in self._seen:
            raise WrongValue(f"{where}.id", f"{key} appears twice")
        self._seen.add(place)

    def rows(self, page: Page) -> Iterator[Item]:
        """Read the rows of a page; yield factors, entitlements and rejections. Identities follow at the end."""
        read = {USERS: self._user, REGISTRATION: self._registration, ROLES: self._assignment}[page.resource]
        for where, value in page.rows:
            try:
                yield from read(page, Fields.of(value, where))
            except WrongValue as wrong:
                yield _rejected(page, value, wrong)

    def _user(self, page: Page, row: Fields) -> Iterator[Item]:
        key = row.key("id")
        if "@removed" in row.data:
            raise WrongValue(
                row.where, "a delta answer says it was removed; a complete list of users tells who is gone"
            )
        facts = user_facts(row)
        # The same user may stand in two files that select different properties.
        self._once(page, key, row.where, in_file=True)
        self._merged(key, page, row.where).add("user", facts, row.data)
        yield from ()

    def _registration(self, page: Page, row: Fields) -> Iterator[Item]:
        key = row.key("id")
        factors = list(factor_records(key, row, page.file))
        known = "methodsRegistered" in row.data or "isMfaRegistered" in row.data
        login = row.text("userPrincipalName", limit=320)
        guest = row.text("userType").lower() == "guest" or "#ext#" in login.lower()
        facts = {
            "name": row.text("userDisplayName", limit=300),
            "login": login,
            "kind": IdentityKind.GUEST if guest else IdentityKind.HUMAN,
            "is_admin": row.fact("isAdmin"),
            "mfa_known": Fact.YES if known else Fact.UNKNOWN,
        }
        self._once(page, key, row.where, in_file=False)
        self._merged(key, page, row.where).add("registration", facts, row.data)
        yield from factors

    def _assignment(self, page: Page, row: Fields) -> Iterator[Item]:
        key, principal_id = row.key("id"), row.key("principalId")
        role_id = row.key("roleDefinitionId", limit=200)
        scope = row.text("directoryScopeId", limit=700) or row.text("resourceScope", limit=700)
        principal = row.inner("principal")
        name = role_name(role_id)
        if principal is not None and principal.text("@odata.type").endswith(".group"):
            group = principal.text("displayName", limit=80) or principal_id
            raise WrongValue(
                f"{row.where}.principal",
                f"{name} is given to the group {group}; its members are not in this export, so who holds it is unknown",
            )
        facts = {**principal_facts(principal), "is_admin": Fact.YES} if principal else {}
        self._once(page, key, row.where, in_file=False)
        self._merged(principal_id, page, row.where).add("principal", facts, principal.data if principal else {})
        built_in = role_id.lower() in PRIVILEGED or role_id.lower() in OTHER
        yield Record(
            ENTITLEMENT,
            key,
            {
                "identity_key": principal_id,
                "operation": name,
                "scope": scope,
                "how": "role",
                "privileged": Fact.YES if role_id.lower() in PRIVILEGED else Fact.UNKNOWN,
                "on_ai": Fact.NO if built_in and name != _AI_ADMINISTRATOR else Fact.UNKNOWN,
            },
            storable({k: v for k, v in row.data.items() if k != "principal"}),
            page.file,
            row.where,
        )


def _rejected(page: Page, value: Any, wrong: WrongValue) -> Rejected:
    """Return the rejection with the key of its row, which stays; without one no row of the kind can be told gone."""
    kind = ENTITLEMENT if page.resource == ROLES else IDENTITY
    key = value.get("id") if isinstance(value, Mapping) else None
    if not isinstance(key, str):
        key = ""
    return Rejected(page.file, wrong.where[:200], wrong.reason[:500], kind, key)


def _read(files: Sequence[InputFile]) -> tuple[list[Page], list[Rejected]]:
    taken: list[Page] = []
    refused: list[Rejected] = []
    for file in files:
        try:
            for page in pages(file):
                if page.problem:
                    refused.append(Rejected(file.name, "file", page.problem))
                else:
                    taken.append(page)
        except Unreadable as problem:
            refused.append(Rejected(file.name, problem.where, problem.reason))
    return taken, refused


def _coverage(taken: Sequence[Page], found: Mapping[str, Merged]) -> Iterator[Covered]:
    """Only a complete list of users says who is gone; each kind is complete when some page of it was the last."""
    complete = {r: any(not p.more for p in taken if p.resource == r) for r in TAKEN}
    present = {page.resource for page in taken}
    identities_complete = complete[USERS] if USERS in present else False
    yield Covered(IDENTITY, identities_complete, unknown_columns(found.values()), listed=USERS in present)
    if REGISTRATION in present:
        yield Covered(FACTOR, complete[REGISTRATION])
    if ROLES in present:
        yield Covered(ENTITLEMENT, complete[ROLES])


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the records of one export. Raises UnrecognisedInput when no file is one this format takes."""
    taken, refused = _read(files)
    if not taken:
        what = "; ".join(f"{r.file}: {r.reason}" for r in refused[:3]) or "no file"
        raise UnrecognisedInput(what, EXPECTED)
    yield from refused
    export = GraphImport()
    later: list[Item] = []
    for page in sorted(taken, key=lambda page: TAKEN.index(page.resource)):
        later.extend(export.rows(page))
    for merged in export.found.values():
        yield merged.record()
    yield from later
    yield from _coverage(taken, export.found)


def detect(files: Sequence[InputFile]) -> Recognition:
    """Say how sure it is that these are Graph exports, and name the tenant by its most common UPN domain."""
    domains: Counter[str] = Counter()
    kinds: set[str] = set()
    for file in files:
        text = beginning(file)
        kind = glance(text)
        if kind in TAKEN:
            kinds.add(kind)
            names = (name for name in UPN.findall(text) if "#EXT#" not in name.upper())
            domains.update(name.rsplit("@", 1)[1].lower() for name in names)
    if not kinds:
        return Recognition(0)
    named = f"entra-{domains.most_common(1)[0][0]}" if domains else ""
    return Recognition(90, named[:200], f"Microsoft Graph: {', '.join(r for r in TAKEN if r in kinds)}")
