"""Grants against a plain model: two holders of one account's worth of access, a target that loses answers, time."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from apps.access.models import Grant, Receipt
from apps.access.queries.live import live_grants
from apps.access.services.grants import release, revoke
from apps.access.services.reconciling import carry_due, end_unstarted, expire_due
from apps.access.services.suspension import judge_conditions
from apps.access.states import GRANT_MACHINE, GrantState, Presence
from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.inventory.models import Asset
from tests.access.grants import FakeTarget, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

OPERATIONS = ("eval.run", "endpoint.call")
GONE = {GrantState.ENDED, GrantState.ACTIVATION_FAILED}


class Life(RuleBasedStateMachine):
    """One holder, one model at one target, up to four grants of two operations.

    The model knows of every grant only: until when it may live at most, whether it was taken, and whether its holder
    meets the condition. From that follows who may use it, and what the target shows once everything is carried.
    """

    cast: Cast
    asset: Asset
    target: FakeTarget

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.hours = timedelta(0)
        self.time: Any = clock.shifted(self.hours)
        self.time.__enter__()
        self.target.access, self.target.faults, self.target.calls = {}, [], []
        self.holder = make_holder(User.objects.get(pk=self.cast.users["engineer"].pk))
        self.ends: dict[int, datetime] = {}
        self.taken: set[int] = set()
        self.meets = True
        self.states: dict[int, str] = {}

    def teardown(self) -> None:
        self.time.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @precondition(lambda self: len(self.states) < 4)
    @rule(operation=st.sampled_from(OPERATIONS), minutes=st.sampled_from([20, 60, 240]))
    def ask(self, operation: str, minutes: int) -> None:
        grant = open_grant(make_request(self.holder, self.asset, operation=operation, minutes=minutes))
        self.states[grant.pk] = grant.state
        self.ends[grant.pk] = grant.activate_by + timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from([1, 7, 30, 61, 300, 1500]))
    def wait(self, minutes: int) -> None:
        self.time.__exit__(None, None, None)
        self.hours += timedelta(minutes=minutes)
        self.time = clock.shifted(self.hours)
        self.time.__enter__()

    @rule(faults=st.lists(st.sampled_from(["", "fail", "lost", "lie", "blind"]), max_size=4))
    def reconcile(self, faults: list[str]) -> None:
        self.target.faults = list(faults)
        expire_due()
        end_unstarted()
        carry_due()
        self.target.faults = []

    @precondition(lambda self: self.states)
    @rule(data=st.data(), how=st.sampled_from(["release", "revoke"]))
    def take(self, data: st.DataObject, how: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.states)))
        grant = Grant.objects.get(pk=number)
        over = grant.state in GONE or grant.state == GrantState.ENDING
        try:
            if how == "release":
                release(actor=self.cast.actor("engineer"), grant=grant)
            else:
                revoke(actor=self.cast.actor("ciso"), grant=grant, reason="No longer needed")
        except (Conflict, Forbidden):
            assert over
        else:
            assert not over
            self.taken.add(number)

    @rule(meets=st.booleans())
    def condition(self, meets: bool) -> None:
        self.meets = meets
        if meets:
            make_holder(self.holder)
        else:
            Authenticator.objects.filter(user=self.holder).delete()
        judge_conditions()

    @precondition(lambda self: self.states)
    @rule(data=st.data())
    def drift(self, data: st.DataObject) -> None:
        """Somebody gives at the target what had been seen gone; the daily look finds it."""
        number = data.draw(st.sampled_from(sorted(self.states)))
        grant = Grant.objects.get(pk=number)
        if grant.state == GrantState.ENDED and grant.account and grant.baseline:
            self.target.access.setdefault((grant.account, self.asset.name), set()).add("READ")
            Grant.objects.filter(pk=number).update(due_at=clock.now())

    @invariant()
    def rows_are_sound(self) -> None:
        now = clock.now()
        live = set(live_grants(now).values_list("pk", flat=True))
        for grant in Grant.objects.all():
            before = self.states[grant.pk]
            path = _reaches(before, grant.state)
            assert path, (before, grant.state)
            self.states[grant.pk] = grant.state
            if grant.pk in live:
                assert grant.pk not in self.taken and grant.expires_at > now
                assert grant.activated_at <= now and grant.expires_at <= self.ends[grant.pk]
            if grant.activated_at is not None and grant.expires_at is not None:
                assert grant.expires_at - grant.activated_at == timedelta(minutes=grant.minutes)
            if grant.state == GrantState.ENDED:
                assert grant.observed == Presence.ABSENT and grant.pk not in live

    @invariant()
    def receipts_only_grow(self) -> None:
        count = Receipt.objects.count()
        assert count >= getattr(self, "lines", 0)
        self.lines = count

    @rule()
    def settle(self) -> None:
        """With a target that works and time to try again, the target shows exactly what live grants give."""
        self.target.faults = []
        for _ in range(8):
            self.wait(6)
            judge_conditions()
            expire_due()
            end_unstarted()
            carry_due()
        for grant in Grant.objects.exclude(state__in=[GrantState.ENDED, GrantState.ACTIVE, GrantState.SUSPENDED]):
            assert grant.state in (GrantState.SCHEDULED, GrantState.ACTIVATION_FAILED), grant.state
        wanted = {"READ"} if Grant.objects.filter(state=GrantState.ACTIVE).exists() else set()
        assert self.target.access.get((self.holder.email, self.asset.name), set()) == wanted


def _reaches(before: str, after: str) -> bool:
    """Return whether the table leads from one state to the other; one round may take several steps."""
    seen, edge = {before}, {before}
    while edge:
        edge = {following for state in edge for following in GRANT_MACHINE.transitions[state]} - seen
        seen |= edge
    return after in seen


@pytest.mark.slow
@pytest.mark.django_db
def test_grants_follow_the_model(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done in whatever order."""

    asset = make_asset(tier=3, tier_confirmed=True)
    machine = type("Life", (Life,), {"cast": cast, "asset": asset, "target": use_fake(monkeypatch, asset)})
    quiet = settings(
        max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        derandomize=True,
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=quiet)
