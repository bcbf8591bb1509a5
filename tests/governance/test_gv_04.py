"""GV-04: an exception that ran out, or lost what compensates, with the risk still there."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.governance.services.ending import end_due, withdraw
from apps.posture.checks.exceptions import GV_04
from apps.posture.models import Finding, Result
from apps.posture.spec import CHECKS
from tests.cast import Cast
from tests.governance.accepting import World, build
from tests.posture.conftest import run_now
from tests.posture.scripted import TS_01, TS_02

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world, judged by GV-04 too."""
    monkeypatch.setattr(CHECKS, "_entries", {spec.id: spec for spec in (TS_01, TS_02, GV_04)})
    return build(cast)


def judged() -> list[tuple[str, str]]:
    """Return what GV-04 says of every exception."""
    rows = GV_04.evaluated(GV_04.defaults(), clock.now())
    return list(rows.order_by("number").values_list("outcome", "reason"))


def test_one_that_waits_is_no_subject(world: World) -> None:
    world.ask()
    assert judged() == []


def test_one_in_force_is_met_and_so_is_its_result(world: World) -> None:
    row = world.active()
    run_now()
    result = Result.objects.get(check_id="GV-04", to_run__isnull=True)
    assert (result.outcome, result.subject_kind, result.subject_id) == ("met", "exception", row.pk)
    assert result.subject_label.startswith("EX-1 ")
    assert result.evidence["compensating_check"] == "TS-02" and result.evidence["compensated"] == "yes"


def test_one_past_its_date_fails_whether_that_was_written_down_or_not(world: World) -> None:
    world.active(ends_on=world.day(3))
    with clock.shifted(timedelta(days=4)):
        assert judged() == [("failing", "expired")]
        end_due()
        assert judged() == [("failing", "expired")]


def test_one_that_lost_what_compensates_fails_until_the_risk_is_gone(world: World) -> None:
    row = world.active()
    world.say(world.subject, ts02="failing")
    run_now()
    run_now()
    finding = Finding.objects.get(check_id="GV-04", subject_id=row.pk)
    assert finding.state == "open"
    assert judged() == [("failing", "not_compensated")]
    world.say(world.subject, ts01="met")
    run_now()
    run_now()
    finding.refresh_from_db()
    assert finding.state == "resolved"
    assert judged() == []


def test_another_exception_takes_its_place(world: World) -> None:
    world.active(ends_on=world.day(3))
    with clock.shifted(timedelta(days=4)):
        end_due()
        world.ask()
        assert judged() == []


def test_one_that_was_taken_back_leaves_no_failure(world: World) -> None:
    withdraw(actor=world.actor("owner"), exception=world.active())
    assert judged() == []


def test_its_findings_are_seen_by_who_sees_the_exception_and_accept_no_exception(world: World) -> None:
    row = world.active()
    world.say(world.subject, ts02="failing")
    run_now()
    run_now()
    finding = Finding.objects.get(check_id="GV-04", subject_id=row.pk)
    seen = {name for name in world.cast.users if Finding.objects.visible_to(world.actor(name)).filter(pk=finding.pk)}
    assert seen == {"ciso", "security_admin", "second_admin", "auditor", "manager", "owner"}
