"""What the tests of grants are about: a holder with a person and a factor, an asset, an approved request, a target."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator

from apps.access.models import AccessRequest, Binding, Grant
from apps.access.provisioning.contract import Found, Order, Report, Work
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.services.carrying import carry
from apps.access.services.grants import open_for
from apps.access.states import Presence, RequestState
from apps.accounts.models import User
from apps.core import clock
from apps.core.actor import Actor, system
from apps.inventory.models import Asset
from tests.factories import make_asset, make_person

ACTOR = system("tests")
FAKE = "fake"


def make_holder(user: User, *, factor: bool = True) -> User:
    """Link the user to a person of their own, with a second factor."""
    if not hasattr(user, "person"):
        make_person(name=user.name, email=user.email, user=user)
    if factor and not Authenticator.objects.filter(user=user).exists():
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    return user


def make_request(holder: User, asset: Asset | None = None, **fields: Any) -> AccessRequest:
    """Return an approved request for an hour of evaluation runs, of the lightest tier."""
    now = fields.pop("now", None) or clock.now()
    asset = asset or make_asset(tier=3, tier_confirmed=True)
    defaults: dict[str, Any] = {
        "requester": holder,
        "beneficiary": holder,
        "asset": asset,
        "asset_label": str(asset),
        "operation": "eval.run",
        "minutes": 60,
        "reason": "Compare with the last release",
        "tier": 3,
        "state": RequestState.APPROVED,
        "digest": "0" * 64,
        "created_at": now,
        "expires_at": now + timedelta(hours=24),
        "decided_at": now,
    }
    return AccessRequest.objects.create(**{**defaults, **fields})


class FakeTarget:
    """A target in memory: levels by account and resource, and what it does wrong when told to.

    It keeps what every grant gave and what was there before, as a target with one level per account does.
    """

    key = FAKE
    title = "A target of the tests"
    native_expiry = False
    executes = True
    levels = ("READ", "EDIT", "MANAGE")

    def __init__(self) -> None:
        self.access: dict[tuple[str, str], set[str]] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.runs: dict[str, str] = {}
        self.told: list[datetime | None] = []

    def _next(self, what: str, work: Work) -> str:
        self.calls.append((what, work.key))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "fail":
            raise ConnectionError("the target hung up")
        return fault

    def _held(self, work: Work) -> set[str]:
        return self.access.setdefault((work.account, work.resource), set())

    def _standing(self, work: Work) -> set[str]:
        return {level for level in (work.baseline or "").split("+") if level} | set(work.keep)

    def grant(self, work: Work) -> Report:
        """Give it; `lost`: it worked and the answer is lost; `lie`: it says so and does nothing."""
        fault = self._next("grant", work)
        self.told.append(work.expires_at)
        if fault != "lie":
            self._held(work).add(work.level)
        if fault == "lost":
            raise TimeoutError("no answer")
        return Report(True)

    def revoke(self, work: Work) -> Report:
        """Leave what was there before and what other grants give."""
        fault = self._next("revoke", work)
        if fault != "lie":
            self.access[(work.account, work.resource)] = self._standing(work)
        if fault == "lost":
            raise TimeoutError("no answer")
        return Report(True)

    def observe(self, work: Work) -> Report:
        """Look."""
        if self._next("observe", work) == "blind":
            return Report(False, Presence.UNKNOWN)
        held = self._held(work)
        there = work.level in held if work.wanted == Presence.PRESENT else bool(held - self._standing(work))
        seen = Presence.PRESENT if there else Presence.ABSENT
        return Report(True, seen, "+".join(sorted(held)), {"levels": sorted(held)})

    def scan(self, binding: Binding) -> list[Found]:
        """Return everything: this target marks all of it."""
        return [Found(account, resource, level) for (account, resource), held in self.access.items() for level in held]

    def execute(self, order: Order) -> Report:
        """Run it once for its key."""
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "fail":
            raise ConnectionError("the target hung up")
        self.runs.setdefault(order.key, order.payload_digest)
        if fault == "lost":
            raise TimeoutError("no answer")
        return Report(True, Presence.PRESENT, evidence={"run": order.key})

    def executed(self, order: Order) -> Report:
        """Look."""
        return Report(True, Presence.PRESENT if order.key in self.runs else Presence.ABSENT)


def use_fake(monkeypatch: Any, asset: Asset, **levels: str) -> FakeTarget:
    """Bind the asset to a fresh target in memory; return the target."""
    target = FakeTarget()
    entries = {name: PROVISIONERS[name] for name in PROVISIONERS.names()}
    monkeypatch.setattr(PROVISIONERS, "_entries", {**entries, FAKE: target})
    words = {"eval.run": "READ", "train.run": "EDIT", "endpoint.call": "READ", **levels}
    Binding.objects.create(provisioner=FAKE, asset=asset, levels=words, created_at=clock.now())
    return target


def open_grant(request: AccessRequest, actor: Actor = ACTOR, now: datetime | None = None) -> Grant:
    """Open the request's grant as an approval does."""
    grant = open_for(actor=actor, request=request, now=now or clock.now())
    assert grant is not None
    return grant


def carried(grant: Grant, *, within: timedelta = timedelta(0)) -> Grant:
    """Carry the grant once, as at a later moment; return it as it is now."""
    with clock.shifted(within):
        carry(grant.pk)
    grant.refresh_from_db()
    return grant


def holders(rows: Any) -> set[UUID]:
    """Return who holds the grants."""
    return {row.holder_id for row in rows}
