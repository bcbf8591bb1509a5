"""Held operations: approved once, run once, exactly as approved, while the artifact is what was approved."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from apps.access.models import Binding, HeldOperation, ManualTask
from apps.access.provisioning.contract import Report
from apps.access.queries.held import verifies
from apps.access.services.grants import open_for, undo
from apps.access.services.held import UNDO_WINDOW, hold, prepare, run, run_due
from apps.access.services.manual import confirm_task
from apps.access.states import HeldState, RequestState
from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.inventory.models import Asset
from apps.notices.models import Notice
from tests.access.grants import ACTOR, FakeTarget, make_holder, make_request, use_fake
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
DIGEST = "sha256:" + "a" * 64
PAYLOAD = {"alias": "champion", "version": 7}


@pytest.fixture
def asset() -> Asset:
    """A model whose content is known."""
    return make_asset(tier=2, tier_confirmed=True, content_digest=DIGEST)


@pytest.fixture
def target(asset: Asset, monkeypatch: pytest.MonkeyPatch) -> FakeTarget:
    """What runs operations on it."""
    return use_fake(monkeypatch, asset, **{"model.promote": "promote"})


@pytest.fixture
def held(cast: Cast, asset: Asset, target: FakeTarget) -> HeldOperation:
    """A promotion, approved and held."""
    return _held(cast, asset)


def _held(cast: Cast, asset: Asset, **fields: Any) -> HeldOperation:
    request = make_request(make_holder(cast.users["engineer"]), asset, operation="model.promote", tier=2, **fields)
    made = prepare(request=request, payload=PAYLOAD, now=clock.now())
    assert open_for(actor=ACTOR, request=request, now=clock.now()) is None
    return HeldOperation.objects.get(pk=made.pk)


def _later(what: Any, after: timedelta = UNDO_WINDOW) -> Any:
    with clock.shifted(after):
        return what()


def _state(held: HeldOperation) -> str:
    return HeldOperation.objects.values_list("state", flat=True).get(pk=held.pk)


def test_it_runs_once_after_the_approval_can_no_longer_be_undone(held: HeldOperation, target: FakeTarget) -> None:
    """Not before, not twice, with the payload that was approved."""
    assert held.state == HeldState.HELD and run_due() == 0
    assert _later(run_due) == 1 and _later(run_due, timedelta(hours=1)) == 0
    assert _state(held) == HeldState.DONE
    assert target.runs == {f"held:{held.pk}": held.payload_digest}
    actions = Entry.objects.filter(subject_id=str(held.request_id)).order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["access.held.approved", "access.held.started", "access.held.run"]


def test_an_undone_approval_runs_nothing(held: HeldOperation, target: FakeTarget) -> None:
    """Within the 30 s; afterwards there is nothing to take back any more."""
    assert undo(actor=ACTOR, request=held.request, now=clock.now())
    _later(run_due)
    assert _state(held) == HeldState.REFUSED and target.runs == {}
    assert not undo(actor=ACTOR, request=held.request, now=clock.now())


@pytest.mark.parametrize("change", ["content", "gone", "payload"])
def test_invariant_18_what_is_no_longer_what_was_approved_does_not_run(
    change: str, held: HeldOperation, asset: Asset, target: FakeTarget
) -> None:
    """Content, asset and payload are compared at the last moment."""
    if change == "payload":
        HeldOperation.objects.filter(pk=held.pk).update(payload={"alias": "champion", "version": 8})
    else:
        fields: dict[str, Any] = {"content": {"content_digest": "sha256:other"}, "gone": {"gone_at": clock.now()}}
        Asset.objects.filter(pk=asset.pk).update(**fields[change])
    _later(run_due)
    assert _state(held) == HeldState.REFUSED and target.runs == {}
    assert change == "payload" or not verifies(held)


@pytest.mark.parametrize("fault", ["fail", "lost"])
def test_a_lost_answer_does_not_run_it_twice(fault: str, held: HeldOperation, target: FakeTarget) -> None:
    """It is looked at first; it runs again only where the target says it never began."""
    target.faults = [fault]
    _later(run_due)
    assert _state(held) == HeldState.RUNNING
    for minutes in range(5, 30, 5):
        _later(run_due, timedelta(minutes=minutes))
    assert _state(held) == HeldState.DONE and list(target.runs) == [f"held:{held.pk}"]


def test_a_worker_that_died_at_it_is_followed_by_another(held: HeldOperation, target: FakeTarget) -> None:
    """Under its lease nobody else touches it; then it is looked at."""

    class Killed(BaseException):
        pass

    def dying(order: Any) -> Any:
        FakeTarget.execute(target, order)
        raise Killed

    target.execute = dying  # type: ignore[method-assign]
    with pytest.raises(Killed):
        _later(run_due)
    assert _state(held) == HeldState.RUNNING
    assert _later(run_due, UNDO_WINDOW + timedelta(seconds=5)) == 0
    del target.execute
    _later(run_due, timedelta(minutes=5))
    assert _state(held) == HeldState.DONE and len(target.runs) == 1


def test_what_is_not_run_in_time_has_expired(held: HeldOperation, target: FakeTarget) -> None:
    """A day after; an approval is not kept for some other time."""
    _later(run_due, timedelta(hours=25))
    assert _state(held) == HeldState.EXPIRED and target.runs == {}


def test_a_refused_request_runs_nothing(cast: Cast, asset: Asset, target: FakeTarget) -> None:
    """Whatever the end of the request was."""
    for state in (RequestState.DENIED, RequestState.CANCELLED, RequestState.EXPIRED, RequestState.FAILED):
        request = make_request(make_holder(cast.users["engineer"]), asset, operation="model.promote", state=state)
        made = prepare(request=request, payload=PAYLOAD, now=clock.now())
        with pytest.raises(Conflict), transaction.atomic():
            hold(actor=ACTOR, held=made)
        _later(run_due)
        assert _state(made) == HeldState.REFUSED
    assert target.runs == {}


def test_who_may_run_it_by_hand(cast: Cast, held: HeldOperation, target: FakeTarget) -> None:
    """Who asked for it, with a second factor, after the undo window; nobody else."""
    with pytest.raises(Forbidden):
        run(actor=cast.actor("engineer"), held=held)
    with clock.shifted(UNDO_WINDOW):
        for name in ("ciso", "security_admin", "manager", "owner", "auditor", "service", "outsider"):
            with pytest.raises(Forbidden):
                run(actor=cast.actor(name), held=held)
        with pytest.raises(Forbidden):
            run(actor=replace(cast.actor("engineer"), strength="password"), held=held)  # type: ignore[arg-type]
        assert run(actor=cast.actor("engineer"), held=held).state == HeldState.DONE
        with pytest.raises(Forbidden):
            run(actor=cast.actor("engineer"), held=held)


def test_what_nothing_runs_is_run_by_hand_with_proof(cast: Cast, asset: Asset) -> None:
    """The portal runs nothing itself: a task, confirmed by somebody other than who asked."""
    held = _held(cast, asset)
    _later(run_due)
    assert _state(held) == HeldState.RUNNING
    task = ManualTask.objects.get(held=held)
    with pytest.raises(Forbidden):
        confirm_task(actor=cast.actor("engineer"), task=task, proof="Done")
    confirm_task(actor=cast.actor("security_admin"), task=task, proof="Seen in the registry")
    _later(run_due, timedelta(minutes=5))
    assert _state(held) == HeldState.DONE
    assert HeldOperation.objects.get(pk=held.pk).result["proof"] == "Seen in the registry"
    assert not Binding.objects.filter(provisioner="manual").exists()


def test_what_can_be_held(cast: Cast, asset: Asset) -> None:
    """An operation that is held, a payload that is JSON, an asset whose content is known."""
    holder = make_holder(cast.users["engineer"])
    wrong = [
        (make_request(holder, asset, operation="weights.read"), PAYLOAD),
        (make_request(holder, make_asset(), operation="model.promote"), PAYLOAD),
        (make_request(holder, asset, operation="model.deploy"), {"when": object()}),
        (make_request(holder, asset, operation="model.sign"), {"much": 2**60}),
    ]
    for request, payload in wrong:
        with pytest.raises(Invalid):
            prepare(request=request, payload=payload, now=clock.now())
    assert not HeldOperation.objects.exists()


def told(held: HeldOperation, name: str = "access.held.over") -> list[tuple[str, str]]:
    """Return what was told of it, and to whom."""
    rows = Notice.objects.filter(kind=name).values_list("user__email", "title")
    return [(email.split("@")[0], text.rpartition(": ")[2]) for email, text in rows]


@pytest.mark.parametrize("end", ["run as approved", "failed", "not run", "not run in time"])
def test_who_asked_is_told_once_how_it_ended(
    end: str, cast: Cast, held: HeldOperation, asset: Asset, target: FakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run, failed, refused because it is no longer what was approved, too late; each once, with the reason."""
    if end == "failed":
        refusing = Report(False, evidence={"problem": "No such alias.", "refused": True})
        monkeypatch.setattr(target, "execute", lambda order: refusing)
    if end == "not run":
        Asset.objects.filter(pk=asset.pk).update(content_digest="sha256:other")
    _later(run_due, timedelta(hours=25) if end == "not run in time" else UNDO_WINDOW)
    _later(run_due, timedelta(hours=26))
    assert told(held) == [(cast.users["engineer"].email.split("@")[0], end)]


def test_a_request_that_was_refused_is_told_once(cast: Cast, asset: Asset, target: FakeTarget) -> None:
    """Its outcome was told; what was never approved did not end."""
    request = make_request(make_holder(cast.users["engineer"]), asset, operation="model.promote", state="denied")
    made = prepare(request=request, payload=PAYLOAD, now=clock.now())
    _later(run_due)
    assert _state(made) == HeldState.REFUSED and told(made) == []
