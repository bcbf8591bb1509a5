"""Facts of one identity, merged by object id from users, registration details and role principals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apps.core.facts import Fact
from apps.inventory.importers.fields import Fields, storable
from apps.inventory.records import IDENTITY, Record
from apps.inventory.states import IdentityKind, UseState

#: Columns that some Graph export can know; those that none of the files brings are left alone.
COLUMNS = (
    "kind", "name", "login", "email", "employee_id", "enabled", "is_admin", "password_sign_in", "mfa_known",
    "created_on_source_at", "last_used_at", "use_state", "department", "job_title", "manager_key",
)  # fmt: skip
#: Properties that are never kept, wherever they stand.
_SECRETS = frozenset({"passwordProfile", "passwordCredentials", "keyCredentials"})
_NOT_KNOWN = (None, "", Fact.UNKNOWN, UseState.UNKNOWN, IdentityKind.UNKNOWN)
_ACTIVITY = ("lastSignInDateTime", "lastNonInteractiveSignInDateTime", "lastSuccessfulSignInDateTime")


@dataclass(slots=True)
class Merged:
    """One identity while its facts come together: a known fact is never replaced by a later file."""

    key: str
    file: str
    where: str
    facts: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)

    def add(self, part: str, facts: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        """Add what one file says."""
        for column, value in facts.items():
            if self.facts.get(column) in _NOT_KNOWN:
                self.facts[column] = value
        kept = {name: value for name, value in row.items() if name not in _SECRETS}
        self.raw[part] = {**storable(kept), **self.raw.get(part, {})}

    def record(self) -> Record:
        """Return the finished record."""
        return Record(IDENTITY, self.key, self.facts, self.raw, self.file, self.where)


def _manager(row: Fields) -> str:
    """Return mail, else UPN, else object id of the expanded manager."""
    if isinstance(row.data.get("manager"), str):
        return row.text("manager", limit=320)
    manager = row.inner("manager")
    if manager is None:
        return ""
    return next(filter(None, (manager.text(n, limit=320) for n in ("mail", "userPrincipalName", "id"))), "")


def last_use(row: Fields) -> tuple[UseState, datetime | None]:
    """Return what `signInActivity` says: the newest of its times; never for an object without any; else unknown.

    Graph writes year 1 for "never"; the property is absent where it was not selected or not licensed.
    """
    activity = row.inner("signInActivity")
    if activity is None:
        return UseState.UNKNOWN, None
    times = [time for name in _ACTIVITY if (time := activity.time(name)) and time.year > 1]
    return (UseState.USED, max(times)) if times else (UseState.NEVER, None)


def _kind(row: Fields, login: str) -> IdentityKind:
    if row.text("userType").lower() == "guest" or "#ext#" in login.lower():
        return IdentityKind.GUEST
    return IdentityKind.HUMAN


def user_facts(row: Fields) -> dict[str, Any]:
    """Return the facts of a user; a property that was not selected brings none."""
    login = row.text("userPrincipalName", limit=320)
    state, used_at = last_use(row)
    found: dict[str, dict[str, Any]] = {
        "displayName": {"name": row.text("displayName", limit=300)},
        "userPrincipalName": {"login": login},
        "mail": {"email": row.text("mail", limit=320)},
        "employeeId": {"employee_id": row.text("employeeId", limit=100)},
        "accountEnabled": {"enabled": row.fact("accountEnabled")},
        "createdDateTime": {"created_on_source_at": row.time("createdDateTime")},
        "signInActivity": {"use_state": state, "last_used_at": used_at},
        "department": {"department": row.text("department", limit=200)},
        "jobTitle": {"job_title": row.text("jobTitle", limit=200)},
        "manager": {"manager_key": _manager(row)},
    }
    facts: dict[str, Any] = {"kind": _kind(row, login)} if login or "userType" in row.data else {}
    for name, columns in found.items():
        if name in row.data:
            facts |= columns
    return facts


def principal_facts(row: Fields) -> dict[str, Any]:
    """Return the facts of the expanded principal of a role assignment: a user or a service principal."""
    named = row.text("@odata.type").rsplit(".", 1)[-1]
    if named == "user":
        return user_facts(row)
    facts: dict[str, Any] = {"name": row.text("displayName", limit=300), "enabled": row.fact("accountEnabled")}
    if named == "agentIdentity":
        facts["kind"] = IdentityKind.AGENT
    elif row.text("servicePrincipalType") == "ManagedIdentity":
        facts["kind"] = IdentityKind.WORKLOAD
    elif named == "servicePrincipal":
        facts["kind"] = IdentityKind.SERVICE
    if row.data.get("createdDateTime"):
        facts["created_on_source_at"] = row.time("createdDateTime")
    return facts


def unknown_columns(found: Iterable[Merged]) -> tuple[str, ...]:
    """Return the columns that none of the merged identities brings."""
    seen = {column for one in found for column in one.facts}
    return tuple(column for column in COLUMNS if column not in seen)
