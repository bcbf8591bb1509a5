"""MLflow with its basic-auth app: permissions of one user on one registered model.

Servers speak two ways. `/api/2.0/mlflow/registered-models/permissions` keeps one row for each user and model; 3.17 has
dropped it, keeps the row in a role of the user's own, and answers `/api/3.0/mlflow/users/permissions`. Which one it is,
the server says: an address that it does not know is a page of status 404.

Without a row a user has the server's default permission, so the absence of a row is not the absence of access. What was
there before is the row (empty: none); what a target shows is the stronger of row and default, except that a row of no
permissions beats the default. https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from apps.access.models import Binding
from apps.access.provisioning.contract import CALL_SECONDS, Found, Order, Report, Work
from apps.access.states import Presence
from apps.connectors.models import Connection
from apps.connectors.services import http_client, record_failure, record_success
from apps.core.outbound import Client, Limits, OutboundError, OutboundUnavailable

LEVELS = ("READ", "USE", "EDIT", "MANAGE")
NONE = "NO_PERMISSIONS"
RANKS = {"DENY": 0, NONE: 0, **{level: rank for rank, level in enumerate(LEVELS, 1)}}
LIMITS = Limits(connect=3.0, total=CALL_SECONDS, body=1_000_000)
OLD, NEW = "api/2.0/mlflow", "api/3.0/mlflow"
MODEL = "registered_model"
ODD = "The server does not answer as MLflow's basic-auth app does."


class Refused(Exception):
    """The target does not do it, and why in words for people."""


@dataclass(frozen=True, slots=True)
class _Account:
    """What the server shows of one account and one model.

    `row` is the account's own, `others` the levels that come by roles others gave; `role` the number of the role that
    holds the row. `modern` servers keep rows in roles.
    """

    admin: bool
    row: str
    others: tuple[str, ...] = ()
    role: int | None = None
    modern: bool = False

    def rank(self, row: str, default: str) -> int:
        """Return how strong the account's access is with this row (empty: none)."""
        held = [level for level in (row, *self.others) if level]
        if "DENY" in held:
            return 0
        most = max((RANKS[level] for level in held), default=RANKS[default])
        return max(most, RANKS[default]) if self.modern and most else most


class MlflowProvisioner:
    """A level on a registered model for one user; the level held before is put back."""

    key = "mlflow"
    title = "MLflow"
    native_expiry = False
    executes = False
    levels = LEVELS

    def grant(self, work: Work) -> Report:
        """Make the account's row strong enough for this grant, the others, and what was there before."""
        return _answer(_grant, work)

    def revoke(self, work: Work) -> Report:
        """Put the row of before back, or as much as other live grants need."""
        return _answer(_revoke, work)

    def observe(self, work: Work) -> Report:
        """Read the account's row and what it may do with it."""
        return _answer(_observe, work)

    def scan(self, binding: Binding) -> list[Found]:
        """Return nothing: rows at MLflow carry no mark. The importer `mlflow-auth` lists them as entitlements."""
        return []

    def execute(self, order: Order) -> Report:
        """Return a refusal: operations are not run at MLflow."""
        return Report(False, evidence={"problem": "Nothing is run at MLflow.", "refused": True})

    executed = execute


def _answer(call: Callable[[Client, Work], Report], work: Work) -> Report:
    """Make a call; what the server refuses or does not say is an answer in words."""
    try:
        _known(work.level)
        with _open(work.connection) as client:
            return call(client, work)
    except Refused as problem:
        return Report(False, Presence.UNKNOWN, evidence={"problem": str(problem)})


def _grant(client: Client, work: Work) -> Report:
    account = _read(client, work)
    if account.admin:
        raise Refused(f"{work.account} administers this MLflow server and needs no grant there.")
    if "DENY" in (account.row, *account.others):
        raise Refused(f"MLflow denies {work.account} this model; a grant does not overrule that.")
    if _ask(client, "GET", f"{OLD}/registered-models/get", {"name": work.resource}) is None:
        raise Refused(f"MLflow has no registered model {work.resource}.")
    row = _row_for(account, work, (work.level, *work.keep))
    _write(client, work, account, row)
    return Report(True, evidence={"row before": account.row or "none", "row": row or "none"})


def _revoke(client: Client, work: Work) -> Report:
    account = _read(client, work, gone=True)
    row = _row_for(account, work, work.keep)
    _write(client, work, account, row)
    return Report(True, evidence={"row before": account.row or "none", "row": row or "none"})


def _observe(client: Client, work: Work) -> Report:
    account = _read(client, work, gone=work.wanted == Presence.ABSENT)
    default = _default(work)
    shown = account.rank(account.row, default)
    if work.wanted == Presence.PRESENT:
        present = shown >= RANKS[work.level] and not account.admin
    else:
        may_stay = account.rank(_row_for(account, work, work.keep), default)
        present = shown > may_stay or account.admin
    evidence: dict[str, object] = {"row": account.row or "none", "administrator": account.admin}
    if account.admin:
        evidence["problem"] = f"{work.account} administers this MLflow server: it has every access there."
    return Report(True, Presence.PRESENT if present else Presence.ABSENT, account.row, evidence)


def _row_for(account: _Account, work: Work, wanted: tuple[str, ...]) -> str:
    """Return the row that gives what is wanted beside what was there before: the row of before where that is enough."""
    before = work.baseline or ""
    most = max(wanted, key=lambda level: RANKS[_known(level)], default="")
    if not most or account.rank(before, _default(work)) >= RANKS[most]:
        return before
    return most


def _read(client: Client, work: Work, *, gone: bool = False) -> _Account:
    """Return what the server shows. An account that is not there has no access: an answer only where `gone` says so."""
    told = _ask(client, "GET", f"{NEW}/users/permissions/list", {"username": work.account}, newer=True)
    if told is not None and "permissions" in told:
        return _modern(told, work)
    answer = _ask(client, "GET", f"{OLD}/users/get", {"username": work.account})
    if answer is None and gone:
        return _Account(admin=False, row="")
    if answer is None:
        raise Refused(f"MLflow has no account {work.account}.")
    user = answer.get("user")
    if not isinstance(user, dict) or user.get("username") != work.account:
        raise Refused(ODD)
    rows, admin = user.get("registered_model_permissions"), user.get("is_admin")
    if not isinstance(rows, list) or not isinstance(admin, bool):
        raise Refused(ODD)
    mine = [_level(row) for row in rows if isinstance(row, dict) and row.get("name") == work.resource]
    return _Account(admin, mine[0] if mine else "")


def _modern(told: Mapping[str, Any], work: Work) -> _Account:
    rows = told["permissions"]
    if not isinstance(rows, list) or not isinstance(told.get("is_admin"), bool):
        raise Refused(ODD)
    here = [row for row in rows if isinstance(row, dict) and row.get("resource_type") == MODEL
            and row.get("resource_pattern") in (work.resource, "*")]  # fmt: skip
    own = [row for row in here if row["resource_pattern"] == work.resource and _is_own(row)]
    others = tuple(_level(row) for row in here if row not in own)
    row, role = (_level(own[0]), own[0].get("role_id")) if own else ("", None)
    return _Account(told["is_admin"], row, others, role if isinstance(role, int) else None, modern=True)


def _is_own(row: Mapping[str, Any]) -> bool:
    """Return whether a row stands in the role that is the account's own (`__user_<id>__`), where grants are kept."""
    name = str(row.get("role_name", ""))
    return name.startswith("__user_") and name.endswith("__")


def _write(client: Client, work: Work, account: _Account, row: str) -> None:
    """Make the row so; a change is one call, so that no instant shows less than before and after."""
    if row == account.row:
        return
    if account.modern:
        _write_modern(client, work, account, row)
        return
    path, who = f"{OLD}/registered-models/permissions", {"name": work.resource, "username": work.account}
    if not row:
        _ask(client, "DELETE", f"{path}/delete", who)
    elif account.row:
        _must(_ask(client, "PATCH", f"{path}/update", {**who, "permission": row}), "changed")
    else:
        _must(_ask(client, "POST", f"{path}/create", {**who, "permission": row}), "made")


def _write_modern(client: Client, work: Work, account: _Account, row: str) -> None:
    who = {"username": work.account, "resource_type": MODEL, "resource_id": work.resource}
    if not row:
        _ask(client, "POST", f"{NEW}/users/permissions/revoke", who)
    elif not account.row:
        _must(_ask(client, "POST", f"{NEW}/users/permissions/grant", {**who, "permission": row}), "made")
    else:
        told = _ask(client, "GET", f"{NEW}/roles/permissions/list", {"role_id": account.role}) or {}
        rows = [r for r in told.get("role_permissions", []) if isinstance(r, dict)
                and (r.get("resource_type"), r.get("resource_pattern")) == (MODEL, work.resource)]  # fmt: skip
        number = rows[0].get("id") if rows else None
        change = {"role_permission_id": number, "permission": row}
        _must(number and _ask(client, "PATCH", f"{NEW}/roles/permissions/update", change), "changed")


def _ask(
    client: Client, method: str, path: str, what: Mapping[str, Any], *, newer: bool = False
) -> dict[str, Any] | None:
    """Return the server's answer, None where it says that there is no such thing.

    A page that is not there is no such answer, but for an address that older servers do not know (`newer`). Raises
    Refused for everything else.
    """
    answer = client.get(path, params=what) if method == "GET" else client.request(method, path, json=what)
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError):
        told = None
    missing = answer.status_code == httpx.codes.NOT_FOUND
    if missing and (newer or (isinstance(told, dict) and told.get("error_code") == "RESOURCE_DOES_NOT_EXIST")):
        return None
    if answer.status_code in (401, 403):
        raise Refused("MLflow does not let the portal's user do this; it has to be an administrator.")
    if not answer.is_success:
        raise Refused(f"MLflow answered with status {answer.status_code}.")
    if not isinstance(told, dict):
        raise Refused(ODD)
    return told


@contextmanager
def _open(connection: Connection | None) -> Iterator[Client]:
    """Yield a client; tell the connection how it went."""
    if connection is None:
        raise Refused("This binding has no connection.")
    try:
        with http_client(connection, limits=LIMITS) as client:
            yield client
    except OutboundUnavailable as problem:
        raise Refused(str(problem)) from None
    except OutboundError as problem:
        record_failure(connection.pk, str(problem))
        raise Refused(str(problem)) from None
    record_success(connection.pk)


def _must(done: object, what: str) -> None:
    if done is None:
        raise Refused(f"The permission was not {what}; MLflow shows another now.")


def _level(row: Mapping[str, Any]) -> str:
    return _known(str(row.get("permission", "")))


def _default(work: Work) -> str:
    return _known(str(work.settings.get("default_permission") or "READ"))


def _known(level: str) -> str:
    if level not in RANKS:
        raise Refused(f"MLflow has no permission {level[:40]!r}.")
    return level
