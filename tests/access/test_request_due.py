"""What happens to requests by itself: expiry, escalation, reminders; and who stands in for whom."""

import json
from datetime import timedelta

import pytest

from apps.access.models import Delegation, Grant
from apps.access.services.delegations import delegate, end
from apps.access.services.due import escalate_due, expire_due, remind_due
from apps.access.states import RequestState
from apps.accounts.services import deactivate_user
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Strength, system
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.core.jobs import RECONCILERS
from apps.inventory.models import Asset
from apps.notices.models import Notice
from tests.access.asking import World, build
from tests.cast import Cast

SYSTEM = system("test")
DAY = timedelta(days=1)


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def test_an_unanswered_request_expires_once(world: World) -> None:
    """At its limit and not before; the steps are registered with the reconciler."""
    request = world.ask()
    assert expire_due(actor=SYSTEM, now=request.expires_at - timedelta(microseconds=1000)).value == 0
    assert expire_due(actor=SYSTEM, now=request.expires_at).value == 1
    assert expire_due(actor=SYSTEM, now=request.expires_at).value == 0
    assert world.fresh(request).state == RequestState.EXPIRED
    assert {"access.expire_requests", "access.escalate_requests", "access.remind_requests"} <= set(RECONCILERS.names())


def test_after_its_limit_nothing_is_decided_although_nothing_ran(world: World) -> None:
    """A dead reconciler prolongs nothing."""
    request = world.ask()
    actor = world.actor("owner", age=-DAY)
    with pytest.raises(Conflict, match="time to answer"):
        world.approve("owner", request, actor=actor, now=request.expires_at)
    assert not Grant.objects.exists()


def test_a_late_stage_escalates_once_to_more_people(world: World) -> None:
    """It adds the team's manager and keeps who was asked; one approval is still needed."""
    request = world.ask()
    assert request.stage_due_at is not None
    assert escalate_due(actor=SYSTEM, now=request.stage_due_at - timedelta(seconds=1)) == 0
    with pytest.raises(Forbidden):
        world.approve("manager", request)
    assert escalate_due(actor=SYSTEM, now=request.stage_due_at) == 1
    assert escalate_due(actor=SYSTEM, now=request.stage_due_at) == 0
    assert {row.user.name for row in request.asked.all()} == {"Priya Raman", "Kofi Mensah"}
    assert world.approve("manager", request).state == RequestState.APPROVED


def test_a_stage_nobody_could_decide_escalates_at_once_and_it_is_written_down(world: World) -> None:
    """The owner leaves: the team's manager is asked, and the log says since when it is theirs."""
    request = world.ask()
    deactivate_user(actor=world.actor("security_admin"), user=world.user("owner"))
    request = world.fresh(request)
    assert request.escalated_at is not None and request.asked.get().user == world.user("manager")
    row = Entry.objects.get(action="access.request.escalated")
    assert row.subject_id == str(request.pk)
    assert json.loads(bytes(row.details.content))["facts"]["people"] == [str(world.user("manager").pk)]


def test_the_approvers_are_reminded_once_by_itself(world: World) -> None:
    """After the stage's own time, and not when somebody reminded them before."""
    request = world.ask()
    told = Notice.objects.filter(kind="access.request.waiting").count()
    assert told == 1
    assert remind_due(actor=SYSTEM, now=request.created_at + timedelta(minutes=14)) == 0
    assert remind_due(actor=SYSTEM, now=request.created_at + timedelta(minutes=15)) == 1
    assert remind_due(actor=SYSTEM, now=request.created_at + timedelta(minutes=20)) == 0
    assert Notice.objects.filter(kind="access.request.waiting").count() == 2


def test_a_delegate_decides_and_both_names_are_on_the_vote(world: World) -> None:
    """In the time and up to the tier of the delegation."""
    now = clock.now()
    delegate(
        actor=world.actor("owner"), to=world.user("outsider"), from_at=now, until_at=now + DAY, reason="Away", now=now
    )
    request = world.ask()
    assert world.approve("outsider", request).state == RequestState.APPROVED
    vote = request.votes.get()
    assert (vote.voter, vote.on_behalf_of) == (world.user("outsider"), world.user("owner"))


def test_a_delegation_has_its_limits(world: World) -> None:
    """Not before, not after, not for a stricter tier, not onwards."""
    now = clock.now()
    later = {"from_at": now + DAY, "until_at": now + 2 * DAY, "now": now}
    delegate(actor=world.actor("owner"), to=world.user("outsider"), **later)
    request = world.ask()
    with pytest.raises(Forbidden):
        world.approve("outsider", request)

    Delegation.objects.update(from_at=now - DAY, until_at=now + DAY)
    onwards = {"from_at": now, "until_at": now + DAY, "now": now}
    delegate(actor=world.actor("outsider"), to=world.user("second_admin"), **onwards)
    with pytest.raises(Forbidden):
        world.approve("second_admin", request)

    Asset.objects.filter(pk=world.asset.pk).update(tier=1)
    world.asset.refresh_from_db()
    strict = world.ask("manager")
    with pytest.raises(Forbidden):
        world.approve("outsider", strict)

    row = Delegation.objects.get(delegator=world.user("owner"))
    with pytest.raises(Forbidden):
        end(actor=world.actor("engineer"), delegation=row)
    end(actor=world.actor("outsider"), delegation=row)
    with pytest.raises(Conflict):
        end(actor=world.actor("owner"), delegation=row)
    with pytest.raises(Forbidden):
        world.approve("outsider", request)


def test_who_may_delegate_to_whom(world: World) -> None:
    """A person with a second factor, to another active person, for a time that makes sense."""
    now = clock.now()
    day = {"from_at": now, "until_at": now + DAY, "now": now}
    refused = [
        (world.actor("owner"), "owner"),
        (world.actor("owner"), "service"),
        (world.actor("owner", strength=Strength.PASSWORD), "outsider"),
        (SYSTEM, "outsider"),
    ]
    for actor, to in refused:
        with pytest.raises(Forbidden):
            delegate(actor=actor, to=world.user(to), **day)
    for until in (now, now + timedelta(days=61)):
        with pytest.raises(Invalid):
            delegate(actor=world.actor("owner"), to=world.user("outsider"), from_at=now, until_at=until, now=now)
    assert not Delegation.objects.exists()
