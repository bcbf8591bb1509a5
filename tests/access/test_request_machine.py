"""Requests against a plain model: whatever happens in whatever order, the portal says what the model says."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from apps.access.models import AccessRequest, Grant
from apps.access.services.due import escalate_due, expire_due
from apps.access.services.messages import answer, ask
from apps.access.services.requests import submit, withdraw
from apps.access.services.votes import approve, deny, undo
from apps.access.states import OPEN_REQUESTS, REQUEST_MACHINE, RequestState
from apps.core import clock
from apps.core.actor import system
from apps.core.errors import DomainError
from apps.inventory.models import Asset
from tests.access.asking import TIER_2, build
from tests.cast import assemble

SYSTEM = system("test")
APPROVERS = st.sampled_from(["owner", "ciso", "manager", "security_admin", "engineer"])
#: Who may fill which stage: owner (and, once late, the manager of the team), then the CISO (then administrators).
STAGES: dict[int, tuple[str, str]] = {1: ("owner", "manager"), 2: ("ciso", "security_admin")}


class Requests(RuleBasedStateMachine):
    """One request of tier 1 at a time: the model keeps its state, stage, votes and how many grants there are."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.world = build(assemble(), tier=1)
        self.now: datetime = clock.now()
        self.request: AccessRequest | None = None
        self.state, self.stage, self.escalated = "none", 0, False
        self.votes: dict[int, str] = {}
        self.last: dict[str, tuple[int, datetime]] = {}
        self.grants = self.asked = self.edits = 0
        self.due = self.limit = self.now

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    # ------------------------------------------------------------------ helpers
    def attempt(self, works: bool, function: Any, **fields: Any) -> None:
        """Call a service; it must work exactly when the model says so."""
        try:
            function(now=self.now, **fields)
        except DomainError as refusal:
            assert not works, refusal.reason
        else:
            assert works, (function.__name__, fields)

    def actor(self, name: str) -> Any:
        found = self.world.actor(name)
        return type(found)(**{**{f: getattr(found, f) for f in found.__slots__}, "authenticated_at": self.now})

    def open_at(self, stage: int) -> None:
        minutes = 30 if stage == 1 else 60
        self.state, self.stage, self.escalated = "pending", stage, False
        self.due = self.now + timedelta(minutes=minutes)

    @property
    def waits(self) -> bool:
        return self.state in ("pending", "needs_info") and self.now < self.limit

    def may(self, name: str) -> bool:
        """Whether this member may fill the open stage."""
        usual, late = STAGES[self.stage]
        return name not in self.votes.values() and (name == usual or (self.escalated and name == late))

    def digest(self) -> str:
        assert self.request is not None
        return self.world.shown(self.request)

    # -------------------------------------------------------------------- rules
    @precondition(lambda self: self.state not in ("pending", "needs_info"))
    @rule()
    def submit(self) -> None:
        Grant.objects.update(state="ended", observed="absent")
        made = submit(
            actor=self.actor("engineer"), asset=self.world.asset, operation=TIER_2, minutes=60, reason="x", now=self.now
        )
        self.request, self.limit = made.value, self.now + timedelta(hours=24)
        self.votes, self.last = {}, {}
        self.asked += 1
        self.open_at(1)

    @precondition(lambda self: self.request is not None)
    @rule(name=APPROVERS)
    def approve(self, name: str) -> None:
        works = self.waits and self.state == "pending" and self.may(name)
        self.attempt(works, approve, actor=self.actor(name), request=self.request, digest=self.digest())
        if works:
            self.votes[self.stage], self.last[name] = name, (self.stage, self.now)
            if self.stage == 1:
                self.open_at(2)
            else:
                self.state, self.grants = "approved", self.grants + 1

    @precondition(lambda self: self.request is not None)
    @rule(name=APPROVERS)
    def refuse(self, name: str) -> None:
        works = self.waits and self.may(name)
        fields = {"actor": self.actor(name), "request": self.request, "digest": self.digest(), "reason": "no"}
        self.attempt(works, deny, **fields)
        self.state = "denied" if works else self.state

    @precondition(lambda self: self.request is not None)
    @rule(name=st.sampled_from(["engineer", "owner"]))
    def withdraw(self, name: str) -> None:
        works = self.waits and name == "engineer"
        self.attempt(works, withdraw, actor=self.actor(name), request=self.request)
        self.state = "cancelled" if works else self.state

    @precondition(lambda self: self.request is not None)
    @rule(name=APPROVERS)
    def ask(self, name: str) -> None:
        works = self.waits and self.state == "pending" and self.may(name)
        self.attempt(works, ask, actor=self.actor(name), request=self.request, text="Why?")
        self.state = "needs_info" if works else self.state

    @precondition(lambda self: self.request is not None)
    @rule(name=st.sampled_from(["engineer", "owner"]))
    def answer(self, name: str) -> None:
        works = self.waits and self.state == "needs_info" and name == "engineer"
        self.attempt(works, answer, actor=self.actor(name), request=self.request, text="Because")
        if works:
            self.state = "pending"
            self.due = self.now + timedelta(minutes=30 if self.stage == 1 else 60)

    @precondition(lambda self: self.request is not None)
    @rule(name=st.sampled_from(["owner", "ciso", "manager", "security_admin"]))
    def undo(self, name: str) -> None:
        stage, at = self.last.get(name, (0, self.now))
        fresh = stage > 0 and self.now <= at + timedelta(seconds=30)
        later = any(counted > stage for counted in self.votes)
        works = fresh and (self.state == "approved" or (self.state == "pending" and not later))
        self.attempt(works, undo, actor=self.actor(name), request=self.request)
        if works:
            del self.last[name]
            self.votes.pop(stage, None)
            if self.state == "pending" and self.stage > stage:
                self.open_at(stage)

    @rule(seconds=st.sampled_from([5, 31, 60 * 31, 60 * 61, 60 * 60 * 13]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def reconcile(self) -> None:
        expired = expire_due(actor=SYSTEM, now=self.now).value
        over = self.state in ("pending", "needs_info") and self.now >= self.limit
        assert expired == int(over)
        self.state = "expired" if over else self.state
        late = self.state == "pending" and self.now >= self.due and not self.escalated
        assert escalate_due(actor=SYSTEM, now=self.now) == int(late)
        self.escalated = self.escalated or late

    @precondition(lambda self: self.waits and self.state == "pending")
    @rule(name=APPROVERS)
    def edit_before_a_vote(self, name: str) -> None:
        """The artifact changes: what was shown is refused, earlier votes are void, the route begins anew."""
        shown = self.digest()
        self.edits += 1
        Asset.objects.filter(pk=self.world.asset.pk).update(content_digest=f"{self.edits:064d}")
        self.attempt(False, approve, actor=self.actor(name), request=self.request, digest=shown)
        self.votes = {}
        if self.stage > 1:
            self.open_at(1)

    # --------------------------------------------------------------- invariants
    @invariant()
    def the_portal_says_what_the_model_says(self) -> None:
        if self.request is None:
            return
        row = AccessRequest.objects.get(pk=self.request.pk)
        assert row.state == self.state
        assert (row.decided_at is None) == (row.state in OPEN_REQUESTS)
        if row.state in OPEN_REQUESTS:
            assert row.stage == self.stage
            assert (row.escalated_at is not None) == self.escalated

    @invariant()
    def grants_are_those_of_approved_requests(self) -> None:
        assert Grant.objects.count() == self.grants
        assert not Grant.objects.exclude(request__state=RequestState.APPROVED).exists()
        assert AccessRequest.objects.count() == self.asked
        assert set(AccessRequest.objects.values_list("state", flat=True)) <= set(REQUEST_MACHINE.transitions)


@pytest.mark.django_db
def test_requests_follow_the_model() -> None:
    """Twenty runs of twenty-five steps."""
    run_state_machine_as_test(
        Requests,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_pair_of_states_is_allowed_or_refused() -> None:
    """Ends are ends: nothing leads out of approved, denied, cancelled, expired, failed."""
    for state in REQUEST_MACHINE.transitions:
        ended = state not in OPEN_REQUESTS
        assert (state in REQUEST_MACHINE.terminal) == ended
        for after in REQUEST_MACHINE.transitions:
            assert not (ended and REQUEST_MACHINE.allows(state, after))
    assert not REQUEST_MACHINE.allows(RequestState.NEEDS_INFO, RequestState.APPROVED)
