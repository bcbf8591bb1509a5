"""Runs and findings against a plain model: whatever happens, history stays and nothing is lost or doubled."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.core import clock
from apps.inventory.models import Identity
from apps.posture.models import Finding, Result, Run, RunTotal
from apps.posture.services.executing import execute_run, execute_task
from apps.posture.services.findings import mark_fixed
from apps.posture.services.lease import claim, new_worker
from apps.posture.services.rechecks import recheck_subject
from apps.posture.services.runs import cancel_run, fail_run, request_run
from tests.factories import make_identity, make_source
from tests.posture.conftest import ACTOR, run_now

OUTCOMES = ("met", "failing", "not_evaluated", "not_applicable")
CHECKS = {"TS-01": "job_title", "TS-02": "email"}
SUBJECTS = st.integers(0, 3)
Seen = dict[tuple[str, int], tuple[str, str]]


class Posture(RuleBasedStateMachine):
    """Four identities, two checks. `facts` is what the inventory says, `seen` what the last run saw."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        source = make_source()
        self.rows = [make_identity(source=source, job_title="met", email="met", department="a") for _ in range(4)]
        self.facts: dict[int, dict[str, str] | None] = {
            index: {"job_title": "met", "email": "met", "department": "a"} for index in range(4)
        }
        self.seen: Seen = {}
        self.findings: dict[tuple[str, int], tuple[str, int]] = {}
        self.history: dict[int, Seen] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize()
    def first_run(self) -> None:
        self.whole_run()

    # ------------------------------------------------------------------ facts
    @rule(subject=SUBJECTS, field=st.sampled_from(["job_title", "email"]), outcome=st.sampled_from(OUTCOMES))
    def change(self, subject: int, field: str, outcome: str) -> None:
        facts = self.facts[subject]
        if facts is not None:
            facts[field] = outcome
            Identity.objects.filter(pk=self.rows[subject].pk).update(**{field: outcome})

    @rule(subject=SUBJECTS, word=st.sampled_from(["a", "b"]))
    def change_evidence(self, subject: int, word: str) -> None:
        facts = self.facts[subject]
        if facts is not None:
            facts["department"] = word
            Identity.objects.filter(pk=self.rows[subject].pk).update(department=word)

    @rule(subject=SUBJECTS)
    def leave_or_return(self, subject: int) -> None:
        gone = self.facts[subject] is not None
        self.facts[subject] = None if gone else {"job_title": "met", "email": "failing", "department": "a"}
        changes = {"gone_at": clock.now()} if gone else {"gone_at": None, **(self.facts[subject] or {})}
        Identity.objects.filter(pk=self.rows[subject].pk).update(**changes)

    # ------------------------------------------------------------------- runs
    def judge(self, check: str, subject: int) -> None:
        """What one check sees of one subject, and what becomes of its finding, in plain words."""
        facts, key = self.facts[subject], (check, subject)
        state, times = self.findings.get(key, ("", 0))
        if facts is None:
            self.seen.pop(key, None)
            outcome = "gone"
        else:
            outcome = facts[CHECKS[check]]
            self.seen[key] = (outcome, facts["department"])
        if outcome == "failing":
            times += 1 if state == "resolved" else 0
            self.findings[key] = ("open", times)
        elif outcome in ("met", "not_applicable", "gone") and state:
            self.findings[key] = ("resolved", times)

    @rule()
    def whole_run(self) -> None:
        run = run_now()
        assert run.state == "published"
        for check in CHECKS:
            for subject in range(4):
                self.judge(check, subject)
        self.history[run.pk] = dict(self.seen)

    @rule()
    def one_check(self) -> None:
        run = run_now("TS-02")
        for subject in range(4):
            self.judge("TS-02", subject)
        self.history[run.pk] = dict(self.seen)

    @rule(subject=SUBJECTS, check=st.sampled_from(sorted(CHECKS)))
    def recheck(self, subject: int, check: str) -> None:
        if self.facts[subject] is None:
            return
        recheck_subject(actor=ACTOR, check_id=check, subject_id=self.rows[subject].pk, now=clock.now())
        self.judge(check, subject)
        self.history[Run.objects.order_by("-number")[0].pk] = dict(self.seen)

    @rule(ending=st.sampled_from(["cancel", "fail", "die"]))
    def unfinished_run(self, ending: str) -> None:
        number = request_run(actor=ACTOR, inline=True, now=clock.now()).value.pk
        worker = new_worker()
        run = claim(number, worker, clock.now())
        execute_task(run, run.tasks.order_by("check_id")[0], worker)
        if ending == "cancel":
            cancel_run(actor=ACTOR, number=number, now=clock.now())
            Run.objects.filter(pk=number).update(claimed_by="")
            assert execute_run(actor=ACTOR, number=number).state == "cancelled"
        elif ending == "fail":
            fail_run(actor=ACTOR, number=number, problem="test", now=clock.now())
        else:
            Run.objects.filter(pk=number).update(claimed_until=clock.now() - timedelta(seconds=1))

    @precondition(lambda self: any(state == "open" for state, _ in self.findings.values()))
    @rule(data=st.data())
    def say_fixed(self, data: st.DataObject) -> None:
        found = sorted(key for key, (state, _) in self.findings.items() if state == "open")
        key = data.draw(st.sampled_from(found))
        finding = Finding.objects.get(check_id=key[0], subject_id=self.rows[key[1]].pk)
        mark_fixed(actor=ACTOR, number=finding.pk, now=clock.now())
        self.findings[key] = ("awaiting_proof", self.findings[key][1])

    # ------------------------------------------------------------- invariants
    def numbered(self) -> dict[object, int]:
        return {row.pk: index for index, row in enumerate(self.rows)}

    @invariant()
    def every_run_reads_as_it_saw(self) -> None:
        numbers = self.numbered()
        for number, seen in self.history.items():
            read = {(r.check_id, numbers[r.subject_id]): r for r in Result.objects.at(number)}
            assert {key: result.outcome for key, result in read.items()} == {key: o for key, (o, _) in seen.items()}
            failing = {key: (r.outcome, r.evidence["seen"]) for key, r in read.items() if r.outcome == "failing"}
            assert failing == {key: value for key, value in seen.items() if value[0] == "failing"}
            totals = sum(RunTotal.objects.filter(run=number).values_list("n", flat=True))
            assert totals == len(seen)

    @invariant()
    def findings_are_as_the_model_says(self) -> None:
        numbers = self.numbered()
        stored = {(f.check_id, numbers[f.subject_id]): (f.state, f.reopened) for f in Finding.objects.all()}
        assert stored == self.findings

    @invariant()
    def at_most_one_run_is_open(self) -> None:
        assert Run.objects.at_work().count() <= 1


@pytest.mark.django_db
def test_runs_and_findings_against_a_plain_model(checks: object) -> None:
    """Any order of changes, runs, re-checks, cancellations, failures and deaths."""
    quick = settings(
        max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Posture, settings=quick)  # type: ignore[no-untyped-call]
