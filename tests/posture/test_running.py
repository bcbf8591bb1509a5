"""Runs: one at a time, cancelled, killed, resumed, given up, on schedule, in order of time."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.posture.models import Result, Run, Schedule
from apps.posture.services import executing
from apps.posture.services.executing import execute_run, execute_task
from apps.posture.services.goals import set_schedule
from apps.posture.services.lease import LEASE, claim, new_worker
from apps.posture.services.reconciling import recover_runs, start_due_run
from apps.posture.services.runs import cancel_run, request_run
from tests.factories import make_identity, make_import
from tests.posture.conftest import ACTOR, run_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks")]


def request(**options: object) -> Run:
    """Request an inline run."""
    return request_run(actor=ACTOR, inline=True, now=clock.now(), **options).value  # type: ignore[arg-type,no-any-return]


def test_two_at_once_are_impossible() -> None:
    """The second request names the first run."""
    first = request()
    claim(first.pk, new_worker(), clock.now())
    with pytest.raises(Conflict, match=f"Run {first.pk} is in progress"):
        request()


def test_unknown_checks_are_refused() -> None:
    """No run starts."""
    with pytest.raises(NotFound):
        request(checks=["ZZ-99"])
    assert not Run.objects.exists()


def test_a_run_keeps_the_order_of_time() -> None:
    """Not before the newest import, not before the last run, not in the future."""
    now = clock.now()
    make_import(observed_at=now - timedelta(days=2))
    for moment in (now - timedelta(days=3), now + timedelta(hours=1)):
        with pytest.raises(Invalid):
            request(as_of=moment)
    assert run_now(as_of=now - timedelta(days=1)).as_of == now - timedelta(days=1)
    with pytest.raises(Invalid, match="before the last run"):
        request(as_of=now - timedelta(days=1, seconds=1))


def test_cancelling_a_waiting_run_ends_it_at_once() -> None:
    """Nothing was written; the next run starts."""
    run = request()
    cancel_run(actor=ACTOR, number=run.pk, now=clock.now())
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert run_now().state == "published"


def test_cancelling_a_running_run_is_cooperative() -> None:
    """The worker ends it before the next check; what it wrote is taken back."""
    make_identity(job_title="met", email="met")
    run_now()
    make_identity(job_title="failing", email="failing")
    run = request()
    worker = new_worker()
    claim(run.pk, worker, clock.now())
    execute_task(run, run.tasks.order_by("check_id")[0], worker)
    cancel_run(actor=ACTOR, number=run.pk, now=clock.now())
    run.refresh_from_db()
    assert run.state == "running" and run.cancel_requested_at is not None
    assert Result.objects.filter(from_run=run.pk).exists()
    Run.objects.filter(pk=run.pk).update(claimed_by="")
    assert execute_run(actor=ACTOR, number=run.pk).state == "cancelled"
    assert not Result.objects.filter(from_run=run.pk).exists()
    assert not Result.objects.filter(to_run=run.pk).exists()


def test_an_ended_run_cannot_be_cancelled() -> None:
    """Refused with the reason."""
    run = run_now()
    with pytest.raises(Exception, match="This run has ended"):
        cancel_run(actor=ACTOR, number=run.pk, now=clock.now())


def test_a_worker_that_died_between_checks_is_resumed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reconciler re-sends the run when the lease has ended; finished checks are kept."""
    make_identity(job_title="failing", email="failing")
    run = request()
    worker = new_worker()
    claim(run.pk, worker, clock.now())
    execute_task(run, run.tasks.order_by("check_id")[0], worker)
    assert recover_runs() == 0
    with clock.shifted(LEASE + timedelta(seconds=1)):
        assert recover_runs() == 1
        assert recover_runs() == 0
        done = execute_run(actor=ACTOR, number=run.pk)
    assert done.state == "published"
    assert Result.objects.count() == 2 == Result.objects.at(run.pk).count()
    assert done.opened == 2


def test_a_worker_that_lost_its_lease_writes_nothing() -> None:
    """The claim is fenced: the late worker's check is rolled back."""
    make_identity(job_title="met", email="met")
    run = request()
    late, taking = new_worker(), new_worker()
    claim(run.pk, late, clock.now())
    task = run.tasks.order_by("check_id")[0]
    with clock.shifted(LEASE + timedelta(seconds=1)):
        claim(run.pk, taking, clock.now())
        with pytest.raises(Conflict):
            execute_task(run, task, late)
    assert not Result.objects.exists()


def test_an_exception_in_the_middle_gives_the_run_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publication fails once: nothing of it is visible, and the next worker publishes."""
    make_identity(job_title="failing", email="met")
    run = request()

    def away(**arguments: object) -> None:
        raise ConnectionError("the database went away")

    publish = executing.publish_run
    monkeypatch.setattr(executing, "publish_run", away)
    with pytest.raises(ConnectionError):
        execute_run(actor=ACTOR, number=run.pk)
    assert not Run.objects.published().exists()
    monkeypatch.setattr(executing, "publish_run", publish)
    assert execute_run(actor=ACTOR, number=run.pk).state == "published"
    assert Result.objects.count() == 2


def test_a_run_that_kills_its_workers_is_given_up() -> None:
    """After five attempts without a finished check it fails with a reason, and the next run starts."""
    run = request()
    for attempt in range(5):
        with clock.shifted((attempt + 1) * 2 * LEASE):
            claim(run.pk, new_worker(), clock.now())
    with clock.shifted(20 * LEASE):
        assert recover_runs() == 1
    run.refresh_from_db()
    assert (run.state, run.problem) == ("failed", "Given up after 5 attempts without a finished check.")
    assert run_now().state == "published"


def test_a_dead_process_of_this_host_is_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request fails the dead run instead of waiting for the lease."""
    run = request()
    host = new_worker().rsplit(":", 3)[0]
    claim(run.pk, f"{host}:4194304:1:dead", clock.now())
    assert run_now().pk == run.pk + 1
    run.refresh_from_db()
    assert (run.state, run.problem) == ("failed", "The process that executed it ended.")


def test_slots_start_once_and_only_with_something_to_judge() -> None:
    """Double wake-ups cost nothing; a paused schedule starts nothing."""
    assert start_due_run() == 0
    make_import()
    assert start_due_run() == 1
    assert start_due_run() == 0
    run = Run.objects.get()
    assert (run.trigger, run.state) == ("scheduled", "queued")
    execute_run(actor=ACTOR, number=run.pk)
    due = Schedule.objects.get()
    assert due.next_due_at is not None and due.next_due_at.hour % 6 == 0
    with clock.shifted(timedelta(hours=7)):
        assert start_due_run() == 1
        execute_run(actor=ACTOR, number=run.pk + 1)
        set_schedule(actor=ACTOR, interval_hours=1, paused=True, now=clock.now())
    with clock.shifted(timedelta(days=3)):
        assert start_due_run() == 0


def test_bounds_of_the_schedule(checks: Callable[..., None]) -> None:
    """From an hour to a week."""
    for hours in (0, 169):
        with pytest.raises(Invalid):
            set_schedule(actor=ACTOR, interval_hours=hours, now=clock.now())
