"""Identities and entitlements as records: one entitlement per identity, operation and scope, with its paths."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from apps.core.facts import Fact
from apps.inventory.importers.aws_iam.account import Account, Holder
from apps.inventory.importers.aws_iam.evaluate import ROLE, Held
from apps.inventory.importers.aws_iam.patterns import scope_covers
from apps.inventory.importers.aws_iam.trust import kind_of_role
from apps.inventory.importers.fields import Fields, WrongValue, storable
from apps.inventory.importing.times import instant
from apps.inventory.records import ENTITLEMENT, IDENTITY, Record, Rejected
from apps.inventory.states import IdentityKind, UseState

#: More of one identity than any policy that AWS stores can give.
MAX_ROWS = 5_000
MAX_KEY = 700
_LISTED = 20
#: How a note begins → what of that kind is called in the result of the import.
_KINDS = {
    "a condition": "Conditions",
    "a denial": "Denials on a condition, or of a part of the scope",
    "the permissions boundary": "Permissions boundaries that allow a part, or that are not in the files",
    "a policy variable": "Policy variables",
    "all but": "NotResource",
    "its document": "Policies without a document that can be read",
    "the group": "Groups that are not in the files",
    "NotPrincipal": "NotPrincipal",
}
ELSEWHERE = "Policies of the organisation (SCPs), of sessions and of resources: this export does not hold them"


@dataclass(slots=True)
class Emitter:
    """Turns the identities of an account into records and counts what was left open."""

    account: Account
    left_open: Counter[str] = field(default_factory=Counter)

    def user(self, holder: Holder) -> Iterator[Record | Rejected]:
        """Yield a user and what it may do."""
        name = holder.found.name
        facts = {"login": name[:320], "email": name if "@" in name and len(name) <= 320 else ""}
        yield from self._identity(holder, facts, None)

    def role(self, holder: Holder) -> Iterator[Record | Rejected]:
        """Yield a role and what it may do; its last use is that of each of its entitlements at the latest."""
        row = holder.found.row
        try:
            state, used = last_use(row)
            kind = kind_of_role(holder.found.name, row.text("Path"), holder.trust)
        except WrongValue as wrong:
            yield _rejected(holder, wrong)
            return
        facts = {
            "kind": kind,
            "password_sign_in": Fact.NO,
            "use_state": state,
            "last_used_at": used,
            "external": holder.trust.external,
        }
        yield from self._identity(holder, facts, used)

    def _identity(self, holder: Holder, own: dict[str, Any], used: datetime | None) -> Iterator[Record | Rejected]:
        found = holder.found
        try:
            created = time_of(found.row, "CreateDate")
        except WrongValue as wrong:
            yield _rejected(holder, wrong)
            return
        facts = {
            "kind": IdentityKind.UNKNOWN,
            "name": found.name,
            "enabled": Fact.YES,
            "is_admin": Fact.YES if _administers(holder) else Fact.UNKNOWN,
            "created_on_source_at": created,
            **own,
        }
        raw = {name: value for name, value in found.row.data.items() if name not in _LEFT_OUT}
        if holder.trust.outside:
            raw["trusts_outside"] = list(holder.trust.outside[:_LISTED])
        yield Record(IDENTITY, found.arn, facts, storable(raw), found.file, found.row.where)
        rows = self._together(holder)
        if len(rows) > MAX_ROWS:
            reason = f"its policies give {len(rows):,} entitlements; at most {MAX_ROWS:,} of one identity are kept"
            yield Rejected(found.file, found.row.where[:200], reason, ENTITLEMENT)
        for held in rows[:MAX_ROWS]:
            yield self._entitlement(holder, held, used)

    def _together(self, holder: Holder) -> list[Held]:
        """Return what it may do itself, and over roles what none of its own covers."""
        rows = {(held.operation, held.scope): held for held in self.account.held(holder)}
        own: dict[str, list[str]] = defaultdict(list)
        for held in rows.values():
            if held.sure:
                own[held.operation].append(held.scope)
        for taken in self.account.taken(holder):
            given = self.account.held(taken.role)
            self.account.around.charge(sum(1 + len(own[held.operation]) for held in given))
            for held in given:
                if any(scope_covers(scope, held.scope) for scope in own[held.operation]):
                    continue
                over = " › ".join(f"role {name}" for name in taken.path)
                way = _over(held, over, taken.notes)
                known = rows.get((held.operation, held.scope))
                rows[(held.operation, held.scope)] = way if known is None else _joined(known, way)
        return [rows[key] for key in sorted(rows)]

    def _entitlement(self, holder: Holder, held: Held, used: datetime | None) -> Record:
        paths = sorted(held.paths)
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        notes = sorted(held.notes)
        for kind in {_kind(note) for note in notes}:
            self.left_open[kind] += 1
        self.left_open[ELSEWHERE] += 1
        facts = {
            "identity_key": holder.found.arn,
            "operation": held.operation,
            "scope": _short(held.scope, MAX_KEY),
            "how": paths[0][1],
            "via": f"{paths[0][2][: 680 - len(more)]}{more}",
            "not_evaluated": "; ".join(notes)[:2_000],
            "privileged": held.privileged,
            "on_ai": held.on_ai,
            "full_access": held.full,
            "last_used_at": used,
        }
        raw = {"actions": sorted(held.actions)[:_LISTED], "paths": [path for _, _, path in paths[:_LISTED]]}
        key = _short(f"{holder.found.arn}|{held.operation}|{held.scope}", MAX_KEY)
        return Record(ENTITLEMENT, key, facts, storable(raw), holder.found.file, holder.found.row.where)


#: Told by the entitlements, or kept twice by AWS.
_LEFT_OUT = frozenset({"UserPolicyList", "RolePolicyList", "InstanceProfileList"})


def _over(held: Held, over: str, notes: frozenset[str]) -> Held:
    """Return what a role gives, as somebody has it who takes the role."""
    full = Fact.UNKNOWN if notes and held.full == Fact.YES else held.full
    paths = {(rank + 10, ROLE, f"{over} › {path}") for rank, _, path in held.paths}
    return replace(
        held, paths=paths, sure=held.sure and not notes, notes=held.notes | notes, full=full, actions=set(held.actions)
    )


def _joined(one: Held, other: Held) -> Held:
    """Return two ways to the same as one; a way without open questions settles those of the other."""
    sure = one.sure or other.sure
    strongest = [fact for fact in (Fact.YES, Fact.UNKNOWN, Fact.NO) if fact in (one.full, other.full)]
    return replace(
        one,
        sure=sure,
        notes=set() if sure else one.notes | other.notes,
        full=strongest[0],
        on_ai=Fact.YES if Fact.YES in (one.on_ai, other.on_ai) else one.on_ai,
        actions=one.actions | other.actions,
        paths=one.paths | other.paths,
    )


def _short(text: str, limit: int) -> str:
    """Return text that fits, still told apart from every other."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 34]}…#{blake2b(text.encode(errors='replace'), digest_size=16).hexdigest()}"


def _kind(note: str) -> str:
    return next((title for beginning, title in _KINDS.items() if note.startswith(beginning)), "Other")


def _rejected(holder: Holder, wrong: WrongValue) -> Rejected:
    return Rejected(holder.found.file, wrong.where[:200], wrong.reason[:500], IDENTITY, holder.found.arn)


def _administers(holder: Holder) -> bool:
    """Return whether one of its policies gives everything, and none of them, nor a boundary, takes anything away."""
    statements = [s for one in holder.policies for s in one.statements]
    if holder.boundary is not None or not all(s.allow for s in statements):
        return False
    return any(
        not (s.not_actions or s.not_resources or s.conditions or s.passed_to)
        and {"*", "*:*"} & set(s.actions)
        and "*" in s.resources
        for s in statements
    )


def time_of(row: Fields, name: str) -> datetime | None:
    """Return a time, also as epoch seconds; None where it is absent. Raises WrongValue."""
    value = row.data.get(name)
    try:
        return instant(value)
    except ValueError:
        raise WrongValue(f"{row.where}.{name}", f"{str(value)[:40]!r} is not a time") from None


def last_use(row: Fields) -> tuple[UseState, datetime | None]:
    """Return the last use of a role: `{}` is never (in the 400 days that AWS looks back); absent is not known."""
    used = row.inner("RoleLastUsed")
    if used is None:
        return UseState.UNKNOWN, None
    at = time_of(used, "LastUsedDate")
    if at is not None:
        return UseState.USED, at
    return (UseState.UNKNOWN if used.data else UseState.NEVER), None
