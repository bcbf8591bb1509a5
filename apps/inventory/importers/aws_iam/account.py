"""An account put together: what hangs on each identity, and which roles it can take."""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from apps.inventory.importers.aws_iam.documents import Statement, read_document
from apps.inventory.importers.aws_iam.evaluate import ASSUME, Attached, Held, Surroundings, evaluate, left_open
from apps.inventory.importers.aws_iam.gather import GROUPS, POLICIES, Export, Found, as_list
from apps.inventory.importers.aws_iam.patterns import scope_covers
from apps.inventory.importers.aws_iam.trust import Trust, ai_services, read_trust
from apps.inventory.importers.fields import Fields, WrongValue
from apps.inventory.records import ENTITLEMENT, Rejected

MISSING, UNREADABLE = "its document is not in these files", "its document cannot be read"
#: Roles that are reached over more than this many others are told by nobody's path.
MAX_STEPS = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """An identity with everything that decides what it may do."""

    found: Found
    policies: tuple[Attached, ...]
    boundary: Attached | None
    trust: Trust = Trust()


@dataclass(frozen=True, slots=True)
class Taken:
    """A role that an identity can take: over which roles, and what is not evaluated about the way."""

    role: Holder
    path: tuple[str, ...]
    notes: frozenset[str]


class Account:
    """All identities of the files. `rejected` are parts that cannot be read, `missing` says that some are not there."""

    def __init__(self, export: Export, model_buckets: tuple[str, ...], own: Collection[str]) -> None:
        self.rejected: list[Rejected] = []
        self.missing = not {GROUPS, POLICIES} <= export.listed
        self._export = export
        self._groups: dict[tuple[str, str], tuple[Attached, ...]] = {}
        accounts = {found.account for found in (*export.users.values(), *export.roles.values())}
        self._own = frozenset({*own, *accounts})
        self.users = {key: self._user(found) for key, found in export.users.items()}
        self.roles = {key: self._role(found) for key, found in export.roles.items()}
        services = {key: frozenset(ai_services(role.trust)) for key, role in self.roles.items()}
        self.around = Surroundings(model_buckets, services)
        self._held: dict[tuple[tuple[Attached, ...], Attached | None], list[Held]] = {}
        self._next: dict[str, list[tuple[Holder, frozenset[str]]]] = {}
        self._by_account: dict[str, list[Holder]] = {}
        self._naming: dict[str, list[Holder]] = {}
        for _, role in sorted(self.roles.items()):
            if role.trust.account or "everybody" in role.trust.outside:
                self._by_account.setdefault(role.found.account, []).append(role)
            for arn in role.trust.named:
                self._naming.setdefault(arn, []).append(role)

    def held(self, holder: Holder) -> list[Held]:
        """Return what the identity's own policies, those of its groups among them, give on AI."""
        key = (holder.policies, holder.boundary)
        if key not in self._held:
            self._held[key] = evaluate(holder.policies, holder.boundary, self.around)
        return self._held[key]

    def taken(self, holder: Holder) -> Iterator[Taken]:
        """Yield the roles it can take, over other roles too, the nearest first and each once."""
        seen = {holder.found.arn}
        waiting = deque([Taken(holder, (), frozenset())])
        while waiting:
            here = waiting.popleft()
            if len(here.path) >= MAX_STEPS:
                continue
            for role, notes in self._reached(here.role):
                if role.found.arn in seen:
                    continue
                seen.add(role.found.arn)
                step = Taken(role, (*here.path, role.found.name), here.notes | notes)
                yield step
                waiting.append(step)

    def _reached(self, holder: Holder) -> list[tuple[Holder, frozenset[str]]]:
        """Return the roles one step away with what is not evaluated about that step."""
        arn = holder.found.arn
        if arn not in self._next:
            named = [(role, frozenset(role.trust.notes)) for role in self._naming.get(arn, [])]
            known = {role.found.arn for role, _ in named}
            asked = [role for role in self._by_account.get(holder.found.account, []) if role.found.arn not in known]
            self._next[arn] = named + list(self._allowed(holder, asked))
        return self._next[arn]

    def _allowed(self, holder: Holder, roles: Sequence[Holder]) -> Iterator[tuple[Holder, frozenset[str]]]:
        """Yield the roles that the holder's own policies let it take."""
        statements = [(one, s) for one in holder.policies for s in one.statements]
        allows = [s for _, s in statements if s.allow and ASSUME in self.around.about(s)]
        denials = [(one, s) for one, s in statements if not s.allow and ASSUME in self.around.about(s)]
        self.around.charge(len(roles) * sum(1 + len(s.resources) for s in (*allows, *(s for _, s in denials))))
        for role in roles if allows else ():
            arn = role.found.arn
            fitting = [s for s in allows if any(scope_covers(r, arn) for r in s.resources) != s.not_resources]
            notes = left_open(ASSUME, arn, denials, holder.boundary, self.around) if fitting else None
            if notes is None:
                continue
            if all(s.conditions or s.passed_to for s in fitting):
                notes = {*notes, f"a condition on taking the role {role.found.name}"}
            yield role, frozenset({*notes, *role.trust.notes})

    def _user(self, found: Found) -> Holder:
        policies = list(self._attached(found, "UserPolicyList"))
        for number, name in enumerate(as_list(found.row, "GroupList")):
            if not isinstance(name, str):
                where = f"{found.row.where}.GroupList[{number}]"
                self._refuse(found, WrongValue(where, "the name of a group was expected"))
                continue
            policies += self._of_group(found.account, name)
        return Holder(found, tuple(policies), self._boundary(found))

    def _role(self, found: Found) -> Holder:
        trust = Trust(doubtful=("its trust policy cannot be read",))
        try:
            where = f"{found.row.where}.AssumeRolePolicyDocument"
            statements = read_document(found.row.data.get("AssumeRolePolicyDocument"), where, trust=True)
            trust = read_trust(statements, found.account, self._own)
        except WrongValue as wrong:
            self._refuse(found, wrong)
        return Holder(found, tuple(self._attached(found, "RolePolicyList")), self._boundary(found), trust)

    def _of_group(self, account: str, name: str) -> tuple[Attached, ...]:
        group = self._export.groups.get((account, name))
        if group is None:
            self.missing = True
            return (Attached(f"group {name}", problem="the group is not in these files"),)
        key = (account, name)
        if key not in self._groups:
            self._groups[key] = tuple(self._attached(group, "GroupPolicyList", name))
        return self._groups[key]

    def _attached(self, found: Found, inline: str, group: str = "") -> Iterator[Attached]:
        """Yield the inline and the attached policies; one that cannot be read stands there with its problem."""
        for number, value in enumerate(as_list(found.row, inline)):
            where = f"{found.row.where}.{inline}[{number}]"
            name = "inline policy"
            try:
                row = Fields.of(value, where)
                name = f"inline policy {row.key('PolicyName', limit=200)}"
                yield Attached(name, read_document(row.data.get("PolicyDocument"), f"{where}.PolicyDocument"), group)
            except WrongValue as wrong:
                self._refuse(found, wrong)
                yield Attached(name, group=group, problem=UNREADABLE)
        for number, value in enumerate(as_list(found.row, "AttachedManagedPolicies")):
            try:
                row = Fields.of(value, f"{found.row.where}.AttachedManagedPolicies[{number}]")
                yield self._managed(row.key("PolicyArn", limit=2_048), group)
            except WrongValue as wrong:
                self._refuse(found, wrong)

    def _managed(self, arn: str, group: str = "") -> Attached:
        name = f"policy {arn.rsplit('/', 1)[-1]}"[:200]
        statements: tuple[Statement, ...] | None = self._export.policies.get(arn)
        if statements is not None:
            return Attached(name, statements, group)
        unreadable = arn in self._export.problems
        self.missing = self.missing or not unreadable
        return Attached(name, group=group, problem=UNREADABLE if unreadable else MISSING)

    def _boundary(self, found: Found) -> Attached | None:
        value = found.row.data.get("PermissionsBoundary")
        if value is None or value == {}:
            return None
        try:
            row = Fields.of(value, f"{found.row.where}.PermissionsBoundary")
            return self._managed(row.key("PermissionsBoundaryArn", limit=2_048))
        except WrongValue as wrong:
            self._refuse(found, wrong)
            return Attached("", problem=UNREADABLE)

    def _refuse(self, found: Found, wrong: WrongValue) -> None:
        """A part that cannot be read may be any entitlement: none of them is told gone."""
        self.rejected.append(Rejected(found.file, wrong.where[:200], wrong.reason[:500], ENTITLEMENT))
