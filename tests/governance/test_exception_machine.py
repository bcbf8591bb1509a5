"""Exceptions against a plain model: asking, signing, refusing, ending, time, and what the checks find."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.governance.models import RiskException
from apps.governance.services.ending import end_due, withdraw
from apps.governance.services.signing import refuse
from apps.governance.states import EXCEPTION_MACHINE, ExceptionState
from apps.posture.models import Result
from apps.posture.queries.headline import headline
from apps.posture.queries.runs import last_published
from apps.posture.services.taking_up import take_up_exceptions
from tests.governance.accepting import World
from tests.posture.conftest import run_now

PEOPLE = ("owner", "manager", "ciso", "security_admin", "auditor")


class Life(RuleBasedStateMachine):
    """One finding of high severity, one compensating check, any number of exceptions one after the other.

    The model knows what the checks were told to find, which of it a run has seen, and of the last exception its end
    date and who signed it.
    """

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.days = 0
        self.time: Any = clock.shifted(timedelta(0))
        self.time.__enter__()
        self.signed: dict[Any, list[str]] = {}
        self.over: dict[Any, str] = {}

    def teardown(self) -> None:
        self.time.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def newest(self) -> RiskException | None:
        return RiskException.objects.order_by("-number").first()

    @rule(by=st.sampled_from(PEOPLE), days=st.integers(1, 90))
    def ask(self, by: str, days: int) -> None:
        stood = RiskException.objects.filter(state__in=["asked", "signed", "active"]).exists()
        try:
            row = self.world.ask(by, ends_on=self.world.day(days))
        except (Conflict, Forbidden, Invalid, NotFound):
            return
        assert by == "owner" and not stood
        self.signed[row.pk] = []

    @rule(by=st.sampled_from(PEOPLE))
    def sign(self, by: str) -> None:
        row = self.newest()
        if row is None:
            return
        try:
            self.world.sign(by, row)
        except (Forbidden, Conflict):
            return
        assert by in ("manager", "ciso") and by not in self.signed[row.pk]
        self.signed[row.pk].append(by)

    @rule(by=st.sampled_from(PEOPLE))
    def refuse(self, by: str) -> None:
        row = self.newest()
        if row is not None:
            try:
                refuse(actor=self.world.actor(by), exception=row, reason="No")
            except (Forbidden, Conflict):
                return
            assert by in ("manager", "ciso")

    @rule(by=st.sampled_from(PEOPLE))
    def take_back(self, by: str) -> None:
        row = self.newest()
        if row is not None:
            try:
                withdraw(actor=self.world.actor(by), exception=row)
            except (Forbidden, Conflict):
                return
            assert by in ("owner", "ciso", *self.signed[row.pk])

    @rule(days=st.sampled_from([1, 7, 30]))
    def wait(self, days: int) -> None:
        self.time.__exit__(None, None, None)
        self.days += days
        self.time = clock.shifted(timedelta(days=self.days))
        self.time.__enter__()

    @rule(ts01=st.sampled_from(["failing", "failing", "met"]), ts02=st.sampled_from(["met", "met", "failing"]))
    def judge(self, ts01: str, ts02: str) -> None:
        self.world.say(self.world.subject, ts01=ts01, ts02=ts02)
        run_now()

    @rule()
    def reconcile(self) -> None:
        end_due()
        take_up_exceptions()

    @invariant()
    def at_most_one_stands(self) -> None:
        assert RiskException.objects.filter(state__in=["asked", "signed", "active"]).count() <= 1

    @invariant()
    def only_what_enough_people_signed_is_in_force(self) -> None:
        for row in RiskException.objects.exclude(active_at=None):
            assert sorted(self.signed[row.pk]) == ["ciso", "manager"]
            assert row.asked_by.name not in self.signed[row.pk]

    @invariant()
    def what_is_over_stays_as_it_ended(self) -> None:
        for row in RiskException.objects.filter(state__in=EXCEPTION_MACHINE.terminal):
            assert self.over.setdefault(row.pk, f"{row.state} {row.end_reason}") == f"{row.state} {row.end_reason}"

    @invariant()
    def accepted_stays_in_the_denominator_and_is_never_met(self) -> None:
        tally = headline(last_published())
        assert tally.applicable == 4
        met = Result.objects.filter(to_run__isnull=True, outcome="met").count()
        assert tally.met == met and tally.accepted <= 1

    @invariant()
    def after_a_reconciler_round_accepted_means_in_force_and_compensated(self) -> None:
        with transaction.atomic():
            end_due()
            take_up_exceptions()
            accepted = Result.objects.filter(to_run__isnull=True, outcome="accepted").exists()
            in_force = RiskException.objects.in_force(clock.now().date())
            assert accepted == in_force.exists()
            compensated = Result.objects.filter(check_id="TS-02", subject_id=self.world.subject.pk, to_run__isnull=True)
            assert not accepted or compensated.get().outcome == "met"
            assert not RiskException.objects.filter(
                state=ExceptionState.ACTIVE, ends_on__lt=clock.now().date()
            ).exists()
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_exceptions_follow_their_machine(world: World) -> None:
    """Twelve lives of up to twenty steps; each step is followed by a round of the reconciler that is taken back."""
    Life.world = replace(world)
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


def test_the_transition_table() -> None:
    """Every pair that may be, and no other."""
    allowed = {(a, b) for a in ExceptionState for b in ExceptionState if EXCEPTION_MACHINE.allows(a, b)}
    assert allowed == {
        ("asked", "signed"), ("asked", "active"), ("asked", "refused"), ("asked", "ended"),
        ("signed", "active"), ("signed", "refused"), ("signed", "ended"), ("active", "ended"),
    }  # fmt: skip
    assert EXCEPTION_MACHINE.terminal == {"ended", "refused"}
