"""AWS IAM credential report (CSV): users and root, their passwords, access keys, certificates, MFA yes or no.

Fields: IAM User Guide, "Understand the report format". A key exists when it has a rotation date; an inactive one keeps
its date. `N/A` for an existing key's use means never; for a password `no_information` means never, or before
2014-10-20, when AWS began to record it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from apps.core.facts import Fact
from apps.inventory.formats import Format, InputFile, Recognition
from apps.inventory.importers.csv_files import CsvFile, Row
from apps.inventory.importing.times import instant
from apps.inventory.records import CREDENTIAL, FACTOR, IDENTITY, Covered, Item, Record, Rejected, UnrecognisedInput
from apps.inventory.states import IdentityKind, UseState

NAME = "aws-iam-credential-report"
KEYS = ("access_key_1", "access_key_2")
CERTIFICATES = ("cert_1", "cert_2")
REQUIRED = (
    "user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed",
    "mfa_active",
    *(f"{key}_{part}" for key in KEYS for part in ("active", "last_rotated", "last_used_date")),
    *(f"{certificate}_{part}" for certificate in CERTIFICATES for part in ("active", "last_rotated")),
)  # fmt: skip
EXPECTED = "an AWS IAM credential report (CSV)"
ROOT = "<root_account>"
#: AWS records the last use of passwords since then.
USE_RECORDED_FROM = datetime(2014, 10, 20, tzinfo=UTC)
NOTHING = frozenset({"", "n/a", "no_information", "not_supported"})
BOOLEANS = {"true": Fact.YES, "false": Fact.NO, **dict.fromkeys(NOTHING, Fact.UNKNOWN)}

Values = Mapping[str, str]


def detect(files: Sequence[InputFile]) -> Recognition:
    """A file whose header has the report's columns; the source is named after the account."""
    accounts: list[str] = []
    for file in files:
        table = CsvFile(file)
        if {"arn", "password_enabled", "mfa_active"} <= set(table.header):
            place = table.header.index("arn")
            first = next(table.rows(), None)
            parts = first.cells[place].split(":") if first and len(first.cells) > place else []
            accounts.append(parts[4] if len(parts) > 5 else "")
    if not accounts:
        return Recognition(0)
    named = sorted({account for account in accounts if account})
    name = f"aws-{named[0]}" if len(named) == 1 else "aws-accounts" if named else ""
    return Recognition(95, name[:200], f"credential report of {', '.join(named) or 'an AWS account'}")


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield an identity per row with its factor and credentials.

    Raises UnrecognisedInput when no file is a credential report, naming the columns it lacks.
    """
    tables = [CsvFile(file) for file in files]
    reports = [table for table in tables if set(REQUIRED) <= set(table.header)]
    if not reports:
        raise UnrecognisedInput(_seen(tables), EXPECTED)
    whole = True
    for table in tables:
        if table in reports:
            for row in table.rows():
                whole = whole and not (row.spans_lines or row.cut_off)
                yield from _row(table, row)
        else:
            whole = whole and "arn" not in table.header
            yield Rejected(table.name, "file", f"not a credential report: {_seen([table])}")
    for kind in (IDENTITY, FACTOR, CREDENTIAL):
        yield Covered(kind, complete=whole)


def _seen(tables: Sequence[CsvFile]) -> str:
    """Say in a few words what the file is instead."""
    best = max(tables, key=lambda table: len(set(REQUIRED) & set(table.header)))
    missing = [name for name in REQUIRED if name not in best.header]
    if len(missing) < len(REQUIRED) - 1:
        return f"a CSV file without the columns {', '.join(missing)}"
    if len(best.header) > 1:
        return f"a CSV file with the columns {', '.join(best.header[:6])}{' …' if len(best.header) > 6 else ''}"[:400]
    return f"no table in {best.name}"


def _row(table: CsvFile, row: Row) -> Iterator[Item]:
    if row.problem:
        yield Rejected(table.name, row.where, row.problem, IDENTITY, row.told(table.header.index("arn"))[:700])
        return
    values = dict(zip(table.header, row.cells, strict=True))
    key = values["arn"].strip()
    if not key:
        yield Rejected(table.name, row.where, "it has no ARN", IDENTITY)
        return
    try:
        records = _records(table.name, row.where, key, values)
    except ValueError as problem:
        yield Rejected(table.name, row.where, str(problem), IDENTITY, key[:700])
        return
    yield from records


def _records(file: str, where: str, key: str, values: Values) -> list[Record]:
    """Return the records of a row. Raises ValueError naming the column."""
    root = values["user"] == ROOT or key.endswith(":root")
    created = _time(values, "user_creation_time")
    password = _flag(values, "password_enabled")
    if root and password is Fact.UNKNOWN:
        password = Fact.YES  # older reports write not_supported; the root user signs in with a password
    mfa = _flag(values, "mfa_active")
    credentials = [
        *_password(values, password, created),
        *(found for slot in KEYS for found in _key(values, slot)),
        *(found for slot in CERTIFICATES for found in _certificate(values, slot)),
    ]
    state, used = _last_use(credentials)
    identity = {
        "kind": IdentityKind.HUMAN if root or password is Fact.YES else IdentityKind.UNKNOWN,
        "name": values["user"],
        "login": values["user"],
        "enabled": Fact.YES,
        "is_admin": Fact.YES if root else Fact.UNKNOWN,
        "password_sign_in": password,
        "mfa_known": Fact.UNKNOWN if mfa is Fact.UNKNOWN else Fact.YES,
        "created_on_source_at": created,
        "last_used_at": used,
        "use_state": state,
    }
    records = [Record(IDENTITY, key, identity, values, file, where)]
    if mfa is Fact.YES:
        factor = {"identity_key": key, "type": "aws_mfa", "strength": "strong", "active": Fact.YES}
        records.append(Record(FACTOR, f"{key}#mfa", factor, {}, file, where))
    records += [
        Record(CREDENTIAL, f"{key}#{slot}", {"identity_key": key, **facts}, {}, file, where)
        for slot, facts in credentials
    ]
    return records


Credential = tuple[str, dict[str, Any]]


def _password(values: Values, enabled: Fact, created: datetime | None) -> Iterator[Credential]:
    if enabled is not Fact.YES:
        return
    used = _time(values, "password_last_used")
    old = created is None or created < USE_RECORDED_FROM
    unused = UseState.UNKNOWN if old or values["password_last_used"].strip().lower() == "" else UseState.NEVER
    expires = values.get("password_next_rotation", "")
    yield (
        "password",
        {
            "kind": "password",
            "name": "Password",
            "active": Fact.YES,
            "rotated_at": _time(values, "password_last_changed"),
            "last_used_at": used,
            "use_state": UseState.USED if used else unused,
            "expires_at": None if expires.strip().lower() in NOTHING else _time(values, "password_next_rotation"),
        },
    )


def _key(values: Values, slot: str) -> Iterator[Credential]:
    rotated, active = _time(values, f"{slot}_last_rotated"), _flag(values, f"{slot}_active")
    if rotated is None and active is not Fact.YES:
        return
    used = _time(values, f"{slot}_last_used_date")
    unused = UseState.NEVER if values[f"{slot}_last_used_date"].strip().lower() == "n/a" else UseState.UNKNOWN
    yield (
        slot,
        {
            "kind": "access_key",
            "name": f"Access key {slot[-1]}",
            "active": active,
            "rotated_at": rotated,
            "last_used_at": used,
            "use_state": UseState.USED if used else unused,
        },
    )


def _certificate(values: Values, slot: str) -> Iterator[Credential]:
    rotated, active = _time(values, f"{slot}_last_rotated"), _flag(values, f"{slot}_active")
    if rotated is not None or active is Fact.YES:
        yield slot, {"kind": "certificate", "name": f"Certificate {slot[-1]}", "active": active, "rotated_at": rotated}


def _last_use(credentials: Sequence[Credential]) -> tuple[UseState, datetime | None]:
    """Return the newest use of password and keys; never only where each is known to be unused."""
    facts = [found for _, found in credentials if found["kind"] != "certificate"]
    times = [found["last_used_at"] for found in facts if found["last_used_at"]]
    if times:
        return UseState.USED, max(times)
    known = facts and all(found["use_state"] == UseState.NEVER for found in facts)
    return (UseState.NEVER, None) if known else (UseState.UNKNOWN, None)


def _flag(values: Values, name: str) -> Fact:
    found = BOOLEANS.get(values[name].strip().lower())
    if found is None:
        raise ValueError(f"{name} is {values[name][:40]!r}, not true or false")
    return found


def _time(values: Values, name: str) -> datetime | None:
    text = values[name]
    if text.lower() in NOTHING:
        return None
    try:
        return instant(text)
    except ValueError:
        raise ValueError(f"{name} is {text[:40]!r}, not a time") from None


FORMAT = Format(
    name=NAME,
    title=EXPECTED,
    main_kinds=(IDENTITY,),
    detect=detect,
    parse=parse,
    describes="The CSV that GetCredentialReport returns: users, passwords, access keys, certificates, MFA yes or no.",
)
