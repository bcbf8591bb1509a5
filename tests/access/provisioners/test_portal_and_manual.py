"""The portal as its own target, and people as a target: both keep the contract."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Binding, Grant, ManualTask
from apps.access.provisioning.contract import Work
from apps.access.provisioning.manual import ManualProvisioner
from apps.access.provisioning.portal import PortalProvisioner
from apps.access.queries.grants import open_tasks
from apps.access.queries.live import live_grants
from apps.access.rules.grants import can_confirm_task
from apps.access.services.grants import release
from apps.access.services.manual import confirm_task
from apps.access.states import GrantState, Presence, TaskKind
from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.core.notices import SEEN
from apps.notices.models import Notice
from tests.access.grants import carried, make_holder, make_request, open_grant
from tests.access.provisioners.conformance import Conformance, Rig
from tests.cast import Cast
from tests.factories import make_asset, make_identity

pytestmark = pytest.mark.django_db


class TestPortal(Conformance):
    """The decision point itself."""

    @pytest.fixture
    def rig(self, cast: Cast) -> Rig:
        """A grant whose state is what the portal shows."""
        grant = open_grant(make_request(make_holder(cast.users["engineer"])))
        Grant.objects.filter(pk=grant.pk).update(state=GrantState.ENDING)
        provisioner = PortalProvisioner()

        def work(wanted: Presence, **fields: Any) -> Work:
            defaults: dict[str, Any] = {
                "grant": grant.pk, "generation": 1, "account": grant.account, "resource": grant.asset_label,
                "operation": grant.operation, "level": grant.operation, "baseline": "",
            }  # fmt: skip
            return Work(wanted=wanted, **{**defaults, **fields})

        def decide(wanted: Presence) -> Any:
            state = GrantState.ACTIVE if wanted == Presence.PRESENT else GrantState.ENDING
            return lambda work: Grant.objects.filter(pk=grant.pk).update(state=state)

        give, take = decide(Presence.PRESENT), decide(Presence.ABSENT)

        class Decided(PortalProvisioner):
            def grant(self, work: Work) -> Any:
                give(work)
                return super().grant(work)

            def revoke(self, work: Work) -> Any:
                take(work)
                return super().revoke(work)

        def shown() -> set[str]:
            return set(live_grants(clock.now()).filter(pk=grant.pk).values_list("operation", flat=True))

        assert provisioner.scan(grant.binding) == []
        return Rig(Decided(), work, shown, (grant.operation, grant.operation), lambda level: None)


class TestManual(Conformance):
    """People, with proof."""

    @pytest.fixture
    def rig(self, cast: Cast) -> Rig:
        """A person who does what the tasks say and confirms it."""
        asset = make_asset(tier=3, tier_confirmed=True)
        Binding.objects.create(provisioner="manual", asset=asset, levels={"eval.run": "READ"}, created_at=clock.now())
        grant = open_grant(make_request(make_holder(cast.users["engineer"]), asset))
        done: set[str] = set()

        def settle() -> None:
            for task in ManualTask.objects.open():
                done.add("READ") if task.kind == TaskKind.GIVE else done.discard("READ")
                confirm_task(actor=cast.actor("security_admin"), task=task, proof="Seen in the console")

        def work(wanted: Presence, **fields: Any) -> Work:
            defaults: dict[str, Any] = {
                "grant": grant.pk, "generation": 1, "account": "ada", "resource": asset.name,
                "operation": grant.operation, "level": "READ", "baseline": "",
            }  # fmt: skip
            return Work(wanted=wanted, **{**defaults, **fields})

        return Rig(ManualProvisioner(), work, lambda: done, ("READ", "READ"), lambda level: None, None, settle)


@pytest.fixture
def by_hand(cast: Cast) -> Grant:
    """A grant that people carry."""
    asset = make_asset(tier=3, tier_confirmed=True, team=cast.teams["Model Engineering"])
    Binding.objects.create(provisioner="manual", asset=asset, levels={"eval.run": "READ"}, created_at=clock.now())
    return open_grant(make_request(make_holder(cast.users["engineer"]), asset))


def test_a_grant_by_hand_waits_for_its_proof_and_ends_with_another(by_hand: Grant, cast: Cast) -> None:
    """Waiting is no failed try; the clock starts when somebody confirms; the end needs a proof of its own."""
    grant = by_hand
    for minute in range(0, 50, 5):
        grant = carried(grant, within=timedelta(minutes=minute))
    assert (grant.state, grant.attempts) == (GrantState.ACTIVATING, 0)
    task = open_tasks(cast.actor("security_admin")).get()
    assert task.kind == TaskKind.GIVE and task.due_at > clock.now()
    confirm_task(actor=cast.actor("security_admin"), task=task, proof="Ticket 4471")
    grant = carried(grant)
    assert grant.state == GrantState.ACTIVE
    assert grant.receipts.filter(observed=Presence.PRESENT, evidence__proof="Ticket 4471").exists()
    release(actor=cast.actor("engineer"), grant=grant)
    assert carried(grant).state == GrantState.ENDING
    take = open_tasks(cast.actor("security_admin")).get(kind=TaskKind.TAKE)
    confirm_task(actor=cast.actor("security_admin"), task=take, proof="Ticket 4472")
    assert carried(grant).state == GrantState.ENDED


def test_who_may_confirm_work_by_hand(by_hand: Grant, cast: Cast) -> None:
    """Security admins and the team's manager; never the holder, the requester, or who has no part in it."""
    carried(by_hand)
    task = ManualTask.objects.get()
    for name in ("engineer", "outsider", "auditor", "service", "ciso", "owner"):
        with pytest.raises(Forbidden):
            confirm_task(actor=cast.actor(name), task=task, proof="Done")
    with pytest.raises(Invalid):
        confirm_task(actor=cast.actor("manager"), task=task, proof="  ")
    confirm_task(actor=cast.actor("manager"), task=task, proof="Done")
    with pytest.raises((Conflict, Forbidden)):
        confirm_task(actor=cast.actor("security_admin"), task=task, proof="Twice")
    assert not open_tasks(cast.actor("manager")).exists()


def test_a_task_is_told_once_to_exactly_those_who_may_confirm_it(by_hand: Grant, cast: Cast) -> None:
    """Administrators and the team's manager, and its owner; not who is concerned, by whichever account; told anew for
    the next task only. Each sees it, or would be told of nothing."""
    cast.users["owner"].groups.clear()
    owner = make_holder(cast.users["owner"]).person
    type(by_hand.asset).objects.filter(pk=by_hand.asset_id).update(owner=owner, owner_confirmed_at=clock.now())
    # The holder's other account is an administrator's.
    make_identity(person=by_hand.holder.person, email=cast.users["second_admin"].email)
    carried(by_hand)
    carried(by_hand, within=timedelta(minutes=5))
    task = ManualTask.objects.get()
    told = {notice.user.name for notice in Notice.objects.filter(kind="access.task.put")}
    may = {
        user.name for name, user in cast.users.items() if can_confirm_task(cast.actor(name), task)
    }  # fmt: skip
    assert told == may == {cast.users[name].name for name in ("security_admin", "manager", "owner")}
    for name in ("security_admin", "manager", "owner"):
        assert SEEN["manual_task"](cast.actor(name), str(task.pk))
    assert not SEEN["manual_task"](cast.actor("outsider"), str(task.pk))
    notice = Notice.objects.filter(kind="access.task.put").first()
    assert notice is not None and notice.url == "/approvals/tasks" and by_hand.asset_label in notice.title
    assert task.instructions.split(" ")[0] in " ".join(notice.lines)
    confirm_task(actor=cast.actor("security_admin"), task=task, proof="Ticket 4471")
    release(actor=cast.actor("engineer"), grant=carried(by_hand))
    carried(by_hand)
    assert Notice.objects.filter(kind="access.task.put").count() == 2 * len(told)


def test_a_task_that_nobody_needs_any_more_is_none(by_hand: Grant, cast: Cast) -> None:
    """Given back before anybody gave it: the task to give is superseded and cannot be confirmed."""
    carried(by_hand)
    task = ManualTask.objects.get()
    release(actor=cast.actor("engineer"), grant=Grant.objects.get(pk=by_hand.pk))
    task.refresh_from_db()
    with pytest.raises(Forbidden):
        confirm_task(actor=cast.actor("security_admin"), task=task, proof="Too late")
