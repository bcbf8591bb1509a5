"""The contract of a provisioner: it gives, takes away and looks, and is judged only by what it sees.

Rules every provisioner keeps (`tests/access/provisioners/conformance.py` runs any of them through these):
- `grant` and `revoke` are idempotent for the same (grant, generation): a repeat changes nothing.
- The target ends up with `baseline ∪ keep ∪ {level}` after `grant` and with `baseline ∪ keep` after `revoke`: what was
  there before any grant, and what other live grants give, is never taken away (governance.md §5, invariant 10).
- `observe` reads the target and changes nothing. It answers PRESENT when `wanted` is PRESENT and the target shows the
  level; it answers ABSENT when `wanted` is ABSENT and the target shows nothing beyond `baseline ∪ keep`, sessions
  included. What cannot be read is UNKNOWN, never ABSENT.
- Any call may raise: the caller takes that for "not worked, not known", looks again and repeats.
- No call takes longer than its time-out (`Work.seconds`), and none writes a secret into its evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, Self, runtime_checkable

from apps.access.models import Binding
from apps.access.states import Presence
from apps.connectors.models import Connection

#: Longest time of one call to a target, in seconds: four calls fit into the lease under which they are made.
CALL_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done for one grant at one target.

    `level` is the provisioner's own word for the operation there; `baseline` the level read before any grant of ours
    (empty: none, None: not read yet), `keep` the levels of other live grants for the same account and resource;
    `expires_at` is what a target with its own expiry is told; `wanted` what the target is to show.
    """

    grant: int
    generation: int
    account: str
    resource: str
    operation: str
    level: str
    wanted: Presence
    expires_at: datetime | None = None
    baseline: str | None = None
    keep: tuple[str, ...] = ()
    connection: Connection | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = CALL_SECONDS

    @property
    def key(self) -> str:
        """Return the idempotency key: the same for every repeat, another for every new intent."""
        return f"{self.grant}:{self.generation}"

    @property
    def mark(self) -> str:
        """Return our mark at targets where a grant has an object of its own."""
        return f"ztportal-g-{self.grant}"

    def with_baseline(self, level: str) -> Self:
        """Return the same work, with what was there before."""
        return replace(self, baseline=level)


@dataclass(frozen=True, slots=True)
class Order:
    """A held operation to run once: `payload` as approved, for the artifact with this digest."""

    key: str
    operation: str
    resource: str
    payload: Mapping[str, Any]
    payload_digest: str
    artifact_digest: str
    held: int
    connection: Connection | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = CALL_SECONDS


@dataclass(frozen=True, slots=True)
class Report:
    """What a call brought: did it work, what was seen, at which level, with what evidence (never a secret).

    `retry_after` in seconds says that the target needs time; together with `worked` that is no failure but waiting.
    For an Order, `observed` PRESENT is run, ABSENT is not begun, UNKNOWN is not known.
    """

    worked: bool
    observed: Presence = Presence.UNKNOWN
    level: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float | None = None

    @property
    def waits(self) -> bool:
        """Return whether the target took the order and needs time."""
        return self.worked and self.retry_after is not None


@dataclass(frozen=True, slots=True)
class Found:
    """Access at a target that carries our mark; `grant` is the number in the mark, None where it cannot be read."""

    account: str
    resource: str
    level: str
    grant: int | None = None


@runtime_checkable
class Provisioner(Protocol):
    """What carries grants to one kind of target. `native_expiry`: the target ends access by itself; `executes`: it runs
    held operations; `levels`: its words for access, weakest first, for the form of a binding (empty: any word)."""

    @property
    def key(self) -> str:
        """The name that bindings use."""

    @property
    def title(self) -> str:
        """The name that people read."""

    @property
    def native_expiry(self) -> bool:
        """Whether the target ends access by itself."""

    @property
    def executes(self) -> bool:
        """Whether it runs held operations."""

    @property
    def levels(self) -> tuple[str, ...]:
        """Its words for access, weakest first; empty: any word."""

    def grant(self, work: Work) -> Report:
        """Give the access."""

    def revoke(self, work: Work) -> Report:
        """Take the access away, sessions included."""

    def observe(self, work: Work) -> Report:
        """Look at the target; `level` is what the account has there in all."""

    def scan(self, binding: Binding) -> list[Found]:
        """Return all access at the target that carries our mark; empty where the target has no marks."""

    def execute(self, order: Order) -> Report:
        """Run a held operation once for its key. Not called where `executes` is false."""

    def executed(self, order: Order) -> Report:
        """Look whether it was run."""
