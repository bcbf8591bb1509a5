"""Which Graph resource a file holds: told by `@odata.context` (OData 4.01 JSON format, §10), else by its fields."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.inventory.formats import InputFile
from apps.inventory.importers.json_files import documents

USERS = "users"
REGISTRATION = "userRegistrationDetails"
ROLES = "roleAssignments"
TAKEN = (USERS, REGISTRATION, ROLES)
EXPECTED = "Microsoft Graph users, userRegistrationDetails or roleAssignments"
#: Keys under which tools hand on the records of a page.
_WRAPPERS = ("value", "data", "users", "Records", "records", "items")
_KNOWN_OTHERS = {
    "managedDevices": ("complianceState", "deviceName"),
    "signIns": ("conditionalAccessStatus", "appDisplayName"),
    "roleDefinitions": ("rolePermissions", "isBuiltIn"),
    "groups": ("groupTypes", "securityEnabled"),
    "servicePrincipals": ("servicePrincipalType", "appId"),
    "devices": ("operatingSystem", "deviceId"),
}
#: A user principal name in the text of a file.
UPN = re.compile(r'"userPrincipalName"\s*:\s*"([^"@\s]{1,200}@[^"@\s]{1,200})"')


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a Graph answer: what it holds, its records with their paths, and whether another follows.

    `problem` says why a page is not taken; its records are empty then.
    """

    file: str
    resource: str
    rows: Sequence[tuple[str, Any]] = ()
    more: bool = False
    problem: str = ""


def _by_context(context: object) -> str:
    """`…/$metadata#roleManagement/directory/roleAssignments(principal())` → `roleAssignments`."""
    if not isinstance(context, str) or "$metadata#" not in context:
        return ""
    fragment = context.split("$metadata#", 1)[1].split("(", 1)[0].removesuffix("/$entity")
    return fragment.rstrip("/").rsplit("/", 1)[-1]


def _by_fields(row: Any) -> str:
    if not isinstance(row, Mapping):
        return ""
    kind = row.get("@odata.type")
    if isinstance(kind, str) and kind.startswith("#microsoft.graph."):
        named = kind.removeprefix("#microsoft.graph.")
        if named != "user":
            return {"unifiedRoleAssignment": ROLES, REGISTRATION: REGISTRATION}.get(named, f"{named}s")
    if "roleDefinitionId" in row and "principalId" in row:
        return ROLES
    if "methodsRegistered" in row or "isMfaRegistered" in row:
        return REGISTRATION
    for name, fields in _KNOWN_OTHERS.items():
        if all(field in row for field in fields):
            return name
    if "userPrincipalName" in row and ("id" in row or "displayName" in row):
        return USERS
    return ""


def _unwrap(value: Any, path: str) -> tuple[Any, str, bool]:
    """Return (records, their path, whether a page wrapper was there)."""
    if isinstance(value, Mapping):
        for name in _WRAPPERS:
            if name in value and isinstance(value[name], list | Mapping):
                return value[name], f"{path}.{name}", True
    return value, path, False


def _page(file: str, path: str, value: Any) -> Page:
    records, inner, wrapped = _unwrap(value, path)
    head: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    if isinstance(head.get("error"), Mapping):
        return Page(file, "", problem=f"an error answer, not records: {str(head['error'].get('code', ''))[:80]}")
    if isinstance(records, list):
        rows = [(f"{inner}[{index}]", row) for index, row in enumerate(records)]
    else:
        # PowerShell writes a list of one as the one record itself.
        rows = [(inner, records)]
    resource = _by_context(head.get("@odata.context")) or next(filter(None, (_by_fields(r) for _, r in rows)), "")
    # A delta answer lists only what changed, whatever its page.
    more = any(head.get(link) for link in ("@odata.nextLink", "odata.nextLink", "@odata.deltaLink"))
    if resource in TAKEN:
        return Page(file, resource, rows, more)
    if resource:
        return Page(file, resource, problem=f"recognised {resource}, which this format does not take")
    if wrapped and not rows and "@odata.context" not in head:
        return Page(file, "", problem="an empty list without @odata.context: nothing says what it lists")
    return Page(file, "", problem=f"the fields are not those of {EXPECTED}")


def pages(file: InputFile) -> list[Page]:
    """Return the pages of a file: one, or one per line for JSON lines of pages. Raises Unreadable."""
    found = [_page(file.name, path, value) for path, value in documents(file)]
    return _joined(found) if len(found) > 1 else found


def _joined(found: list[Page]) -> list[Page]:
    """Merge JSON lines of single records into one page per resource; a link stands on the last page only."""
    merged: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for page in found:
        merged.setdefault((page.resource, page.problem), []).extend(page.rows)
    more = {page.resource for page in found if page.more and page is found[-1]}
    return [
        Page(found[0].file, resource, rows, resource in more, problem) for (resource, problem), rows in merged.items()
    ]


def glance(text: str) -> str:
    """Return the resource that the beginning of a file seems to hold, "" for none."""
    context = re.search(r'"@odata\.context"\s*:\s*"([^"]{1,2000})"', text)
    if context and (named := _by_context(context.group(1))):
        return named
    names = dict.fromkeys(re.findall(r'"([@A-Za-z.]{2,60})"\s*:', text), "")
    kind = re.search(r'"@odata\.type"\s*:\s*"(#microsoft\.graph\.[A-Za-z]{1,60})"', text)
    if "roleDefinitionId" not in names and kind:
        names["@odata.type"] = kind.group(1)
    return _by_fields(names)
