"""What a set of policies gives on AI: allow minus deny within the boundary; what cannot be told is said, not guessed.

IAM User Guide, "Policy evaluation logic": an explicit deny wins, a boundary only takes away. A condition, a policy
variable and a denial of a part of the scope leave an access unsure. Policies of the organisation (SCPs, RCPs), of
sessions and of resources are in no such export.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from apps.core.facts import Fact
from apps.inventory.importers.aws_iam.actions import (
    ACTIONS,
    AI_PRINCIPALS,
    AI_SERVICES,
    BEDROCK,
    ON_MODELS,
    PASS_ROLE,
    PRIVILEGED,
    Action,
)
from apps.inventory.importers.aws_iam.documents import Statement
from apps.inventory.importers.aws_iam.patterns import covers, overlaps, scope_covers, scopes_overlap
from apps.inventory.records import UnrecognisedInput

_VARIABLE = re.compile(r"\$\{[^}]*\}")
#: The documented name of the bucket that SageMaker makes by itself: sagemaker-{region}-{account}.
SAGEMAKER_BUCKET = "sagemaker-*"
DIRECT, GROUP, ROLE = "direct", "group", "role"
#: The names that statements are asked about: AI actions, and taking a role.
ASSUME = "sts:assumerole"
_NAMES = (*(action.name for action in ACTIONS), ASSUME)
#: Comparisons of patterns in one import: some minutes, and far beyond what the largest accounts need.
MAX_WORK = 100_000_000
_RANK = {DIRECT: 0, GROUP: 1, ROLE: 2}


@dataclass(frozen=True, slots=True)
class Attached:
    """A policy where it hangs: on the identity or on a group. `problem` says why its statements are not known."""

    name: str
    statements: tuple[Statement, ...] = ()
    group: str = ""
    problem: str = ""

    @property
    def path(self) -> str:
        """Return how it reaches the identity."""
        return f"group {self.group} › {self.name}" if self.group else self.name

    @property
    def how(self) -> str:
        """Return the word for the way."""
        return GROUP if self.group else DIRECT


class Surroundings:
    """What the account is known to hold, and what was worked out of its statements: each is looked at once.

    `services_of_roles` are the services that each role trusts, by the ARN of the role.
    """

    def __init__(
        self, model_buckets: tuple[str, ...] = (), services_of_roles: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self.model_buckets = model_buckets
        trusted = services_of_roles or {}
        #: The roles that an AI service may take.
        self.ai_roles = {arn: services for arn, services in trusted.items() if services & set(AI_PRINCIPALS)}
        self._work = 0
        self._about: dict[Statement, frozenset[str]] = {}
        self._atoms: dict[Statement, tuple[Atom, ...]] = {}

    def charge(self, comparisons: int) -> None:
        """Count work that follows from the file. Raises UnrecognisedInput for more than any account's policies need."""
        self._work += comparisons
        if self._work > MAX_WORK:
            raise UnrecognisedInput(
                "policies with more wildcards and denials than can be evaluated",
                "the policies of one account; import the accounts one by one",
            )

    def about(self, statement: Statement) -> frozenset[str]:
        """Return the known actions, in lower case, that a statement is about."""
        if statement not in self._about:
            self.charge(len(statement.actions))
            self._about[statement] = frozenset(name for name in _NAMES if about_action(statement, name))
        return self._about[statement]

    def atoms(self, statement: Statement) -> tuple["Atom", ...]:
        """Return what an allow statement gives on AI."""
        if statement not in self._atoms:
            self.charge(len(self.about(statement)) * (1 + len(statement.resources)))
            self._atoms[statement] = tuple(allowed(statement, self))
        return self._atoms[statement]


@dataclass(frozen=True, slots=True)
class Atom:
    """One action that one statement allows in one scope."""

    action: str
    label: str
    operation: str
    scope: str
    on_ai: Fact
    full: bool
    notes: tuple[str, ...]


@dataclass(slots=True)
class Held:
    """An operation in a scope: through which paths, by which actions, and what was not evaluated about it."""

    operation: str
    scope: str
    on_ai: Fact
    full: Fact = Fact.NO
    sure: bool = False
    notes: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    paths: set[tuple[int, str, str]] = field(default_factory=set)
    told: bool = True

    @property
    def privileged(self) -> Fact:
        """Return yes where it is and nothing is left open, unknown where something is, or whether AI is reached."""
        if self.told and self.operation not in PRIVILEGED:
            return Fact.NO
        return Fact.YES if self.sure and self.on_ai == Fact.YES else Fact.UNKNOWN

    def add(self, atom: Atom, path: tuple[int, str, str], notes: set[str]) -> None:
        """Add one more way; a way without open questions settles those of the others."""
        if not notes and not self.sure:
            self.sure = True
            self.notes.clear()
        elif not self.sure:
            self.notes |= notes
        if atom.full and self.full != Fact.YES:
            self.full = Fact.UNKNOWN if notes else Fact.YES
        self.on_ai = Fact.YES if Fact.YES in (self.on_ai, atom.on_ai) else self.on_ai
        self.actions.add(atom.label)
        self.paths.add(path)


def evaluate(policies: Sequence[Attached], boundary: Attached | None, around: Surroundings) -> list[Held]:
    """Return what these policies give together, most direct way first; a policy that is not known gives a row of it."""
    denials = [(one, s) for one in policies for s in one.statements if not s.allow]
    found: dict[tuple[str, str], Held] = {}
    atoms = {one: [atom for s in one.statements if s.allow for atom in around.atoms(s)] for one in policies}
    within = len(boundary.statements) if boundary is not None else 0
    around.charge(sum(map(len, atoms.values())) * (1 + len(denials) + within))
    for one in policies:
        path = (_RANK[one.how], one.how, one.path)
        if one.problem:
            unknown = Held(one.name[:200], "", Fact.UNKNOWN, Fact.UNKNOWN, told=False, notes={one.problem})
            found.setdefault((unknown.operation, ""), unknown).paths.add(path)
        for atom in atoms[one]:
            notes = left_open(atom.action, atom.scope, denials, boundary, around)
            if notes is not None:
                held = found.setdefault((atom.operation, atom.scope), Held(atom.operation, atom.scope, atom.on_ai))
                held.add(atom, path, {*atom.notes, *notes})
    return [found[key] for key in sorted(found)]


def allowed(statement: Statement, around: Surroundings) -> Iterator[Atom]:
    """Yield the AI actions of an allow statement in each scope it names."""
    whole = {service for service in AI_SERVICES if _whole(statement, service)}
    for action in (action for action in ACTIONS if action.name in around.about(statement)):
        for scope, notes in _scopes(statement):
            pattern = plain(scope)
            if any(scopes_overlap(pattern, kind) for kind in action.resources):
                full = action.service in whole and _everything(pattern, action.service)
                yield from _atoms(action, statement, scope, full, notes, around)


def _atoms(
    action: Action, statement: Statement, scope: str, full: bool, notes: tuple[str, ...], around: Surroundings
) -> Iterator[Atom]:
    open_keys = list(statement.conditions)
    if statement.passed_to and action.name != PASS_ROLE:
        open_keys.append("iam:PassedToService")
    if open_keys:
        notes = (*notes, f"a condition on {', '.join(open_keys)}")
    atom = Atom(action.name, action.label, action.operation, scope, Fact.YES, full, notes)
    if action.name == PASS_ROLE:
        yield from _passing(atom, statement, around)
    elif action.service == "s3":
        yield from _objects(atom, around)
    else:
        yield atom


def _passing(atom: Atom, statement: Statement, around: Surroundings) -> Iterator[Atom]:
    """Passing a role to an AI service runs whatever the role may; passing it to other services is none of ours."""
    services = {
        name for name in AI_PRINCIPALS if not statement.passed_to or any(covers(s, name) for s in statement.passed_to)
    }
    if not services:
        return
    pattern = plain(atom.scope)
    taken = {service for arn, trusted in around.ai_roles.items() if scope_covers(pattern, arn) for service in trusted}
    reached = services & taken
    # No role of the export trusts an AI service: whether the scope holds one is not known.
    yield replace(atom, on_ai=Fact.YES if reached else Fact.UNKNOWN)
    if BEDROCK in reached:
        yield replace(atom, operation="agent.grant_tool")


def _objects(atom: Atom, around: Surroundings) -> Iterator[Atom]:
    """Objects of a bucket of models are weights; of another bucket it is not known whether AI learns from them."""
    bucket = plain(atom.scope).partition(":::")[2].partition("/")[0] or "*"
    models = replace(atom, operation=ON_MODELS[atom.operation])
    if any(covers(known, bucket) for known in (SAGEMAKER_BUCKET, *around.model_buckets)):
        yield models
        return
    if any(overlaps(known, bucket) for known in around.model_buckets):
        yield models
    yield replace(atom, on_ai=Fact.UNKNOWN)


def _scopes(statement: Statement) -> Iterator[tuple[str, tuple[str, ...]]]:
    if statement.not_resources:
        yield "*", (f"all but {', '.join(statement.resources)}"[:200],)
        return
    for resource in statement.resources:
        yield resource, ("a policy variable",) if _VARIABLE.search(resource) else ()


def plain(scope: str) -> str:
    """Return a scope with its policy variables, which may be anything, as wildcards."""
    return _VARIABLE.sub("*", scope)


def about_action(statement: Statement, name: str) -> bool:
    """Return whether the statement is about an action, named in lower case."""
    return any(covers(pattern, name) for pattern in statement.actions) != statement.not_actions


def _whole(statement: Statement, service: str) -> bool:
    """Return whether it is about every action of a service, those of next year included."""
    if statement.not_actions:
        return not any(overlaps(pattern, f"{service}:*") for pattern in statement.actions)
    return any(covers(pattern, f"{service}:*") for pattern in statement.actions)


def _everything(pattern: str, service: str) -> bool:
    parts = pattern.split(":")
    return pattern == "*" or (len(parts) > 2 and covers(parts[2], service) and parts[-1] == "*")


def left_open(
    action: str,
    scope: str,
    denials: Iterable[tuple[Attached, Statement]],
    boundary: Attached | None,
    around: Surroundings,
) -> set[str] | None:
    """Return what is not evaluated about an allowed action, nothing where it is sure, None where it is taken away."""
    notes: set[str] = set()
    for policy, statement in denials:
        verdict = _denied(statement, scope) if action in around.about(statement) else False
        if verdict is True:
            return None
        if verdict:
            notes.add(f"{verdict} ({policy.path})")
    within = _within(boundary, action, scope, around) if boundary is not None else ""
    if within is None:
        return None
    return notes | {within} if within else notes


def _denied(statement: Statement, scope: str) -> bool | str:
    """Return True where the deny covers it all, what stays open where it may, False where it is about other things."""
    touches, whole = _about_scope(statement, scope)
    if not touches:
        return False
    if statement.conditions or statement.passed_to:
        return f"a denial on condition of {', '.join(statement.conditions) or 'iam:PassedToService'}"
    return True if whole else "a denial of a part of it"


def _about_scope(statement: Statement, scope: str) -> tuple[bool, bool]:
    """Return whether the statement is about anything in the scope, and whether about all of it."""
    pattern = plain(scope)
    named = [(plain(resource), not _VARIABLE.search(resource)) for resource in statement.resources]
    some = any(scopes_overlap(resource, pattern) for resource, _ in named)
    every = any(sure and scope_covers(resource, pattern) for resource, sure in named)
    return (not every, not some) if statement.not_resources else (some, every)


def _within(boundary: Attached, action: str, scope: str, around: Surroundings) -> str | None:
    """Return "" within the boundary, None outside it, else what is open."""
    told = f"the permissions boundary {boundary.name}"
    if boundary.problem:
        return f"{told}, {boundary.problem}"
    touched = sure = cut = False
    for statement in (s for s in boundary.statements if action in around.about(s)):
        touches, whole = _about_scope(statement, scope)
        plainly = whole and not statement.conditions and not statement.passed_to
        if not statement.allow and plainly:
            return None
        if statement.allow:
            touched, sure = touched or touches, sure or plainly
        else:
            cut = cut or touches
    if not touched:
        return None
    return "" if sure and not cut else told
