"""Who may ask for an exception, sign it, refuse it and end it, and who may not: every path to signing one's own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.accounts.services.people import deactivate_user
from apps.core.actor import Role, Strength
from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.services.ending import withdraw
from apps.governance.services.limits import set_limits
from apps.governance.services.signing import refuse, sign
from apps.inventory.models import Person
from tests.factories import make_identity, make_person
from tests.governance.accepting import World, add_user
from tests.posture.conftest import run_now

pytestmark = pytest.mark.django_db


def test_only_the_owner_asks(world: World) -> None:
    for name in ("ciso", "security_admin"):
        with pytest.raises(Forbidden, match="Only the owner"):
            world.ask(name)
    with pytest.raises(Forbidden, match="Auditors look"):
        world.ask("auditor")
    for name in ("manager", "engineer", "outsider", "service"):
        with pytest.raises(NotFound):  # they do not see the finding
            world.ask(name)
    row = world.ask("owner")
    assert (row.name, row.state, row.needed) == ("EX-1", "asked", 2)


def test_a_token_asks_with_its_scope_and_signs_never(world: World) -> None:
    owner = world.actor("owner", strength=Strength.TOKEN)
    with pytest.raises(Forbidden, match="token"):
        world.ask(actor=replace(owner, scopes=frozenset({"read:posture"})))
    row = world.ask(actor=replace(owner, scopes=frozenset({"request"})))
    with pytest.raises(Forbidden, match="A token does not do this; sign in."):
        sign(actor=world.actor("ciso", strength=Strength.TOKEN), exception=row)


def test_one_exception_stands_for_a_finding(world: World) -> None:
    row = world.ask()
    with pytest.raises(Forbidden, match="EX-1 is about this already"):
        world.ask()
    withdraw(actor=world.actor("owner"), exception=row)
    assert world.ask().name == "EX-2"


@pytest.mark.parametrize(("days", "right"), [(0, False), (1, True), (90, True), (91, False), (-1, False)])
def test_the_last_day_is_after_today_and_within_the_longest_time(world: World, days: int, right: bool) -> None:
    if right:
        assert world.ask(ends_on=world.day(days)).ends_on == world.day(days)
        return
    with pytest.raises(Invalid) as refused:
        world.ask(ends_on=world.day(days))
    assert "ends_on" in refused.value.fields


def test_the_longest_time_is_set_by_security_administrators(world: World) -> None:
    for name in ("ciso", "auditor", "manager", "owner"):
        with pytest.raises(Forbidden):
            set_limits(actor=world.actor(name), days={"high": 10})
    with pytest.raises(Invalid, match="worse severity"):
        set_limits(actor=world.actor("security_admin"), days={"critical": 100})
    with pytest.raises(Invalid):
        set_limits(actor=world.actor("security_admin"), days={"high": 0})
    set_limits(actor=world.actor("security_admin"), days={"critical": 10, "high": 10})
    with pytest.raises(Invalid, match="at the latest"):
        world.ask(ends_on=world.day(11))
    assert world.ask(ends_on=world.day(10)).state == "asked"


@pytest.mark.parametrize(
    "chosen", ["", "TS-02:identity:nonsense", "TS-01:identity:{subject}", "TS-02:identity:{other}"]
)
def test_only_a_met_check_about_the_same_subject_compensates(world: World, chosen: str) -> None:
    with pytest.raises(Invalid) as refused:
        world.ask(compensating=chosen.format(subject=world.subject.pk, other=world.other.pk))
    assert "compensating" in refused.value.fields


def test_a_check_that_fails_compensates_nothing(world: World) -> None:
    world.say(world.subject, ts02="failing")
    run_now()
    with pytest.raises(Invalid):
        world.ask()


def test_serious_takes_two_signatures_one_of_them_the_cisos(world: World) -> None:
    row = world.sign("manager", world.ask())
    assert row.state == "signed"
    add_user(world.cast, "deputy", Role.MANAGER, "Model Engineering", manages=True)
    with pytest.raises(Forbidden, match="missing is the CISO's"):
        world.sign("deputy", row)
    assert world.sign("ciso", row).state == "active"


def test_after_the_ciso_a_manager_or_another_ciso_signs(world: World) -> None:
    row = world.sign("ciso", world.ask())
    assert row.state == "signed"
    with pytest.raises(Forbidden, match="signed already"):
        world.sign("ciso", row)
    add_user(world.cast, "second_ciso", Role.CISO)
    assert world.sign("second_ciso", row).state == "active"


def test_medium_takes_one_signature(world: World) -> None:
    finding = world.finding()
    type(finding).objects.filter(pk=finding.pk).update(severity="medium")
    row = world.ask()
    assert row.needed == 1
    assert world.sign("manager", row).state == "active"


@pytest.mark.parametrize(
    "name", ["owner", "engineer", "auditor", "outsider", "security_admin", "second_admin", "service"]
)
def test_who_has_no_part_in_signing(world: World, name: str) -> None:
    row = world.ask()
    for act in (lambda: sign(actor=world.actor(name), exception=row),
                lambda: refuse(actor=world.actor(name), exception=row, reason="No")):  # fmt: skip
        with pytest.raises(Forbidden):
            act()
    assert not ExceptionVote.objects.exists()


def test_a_manager_of_another_team_does_not_sign(world: World) -> None:
    add_user(world.cast, "stranger", Role.MANAGER, "Marketing Science", manages=True)
    with pytest.raises(Forbidden, match="a manager of its team"):
        world.sign("stranger", world.ask())


def _same_by_mail(world: World) -> None:
    Person.objects.filter(user=world.cast.users["owner"]).update(email="ciso@fenwick.example")


def _same_by_identity(world: World) -> None:
    person = Person.objects.get(user=world.cast.users["owner"])
    make_identity(person=person, email="CISO@fenwick.example")


def _own_finding(world: World) -> None:
    person = make_person(name="Dana Whitlock", user=world.cast.users["ciso"])
    world.subject.person = person
    world.subject.save()


def _owner_too(world: World) -> None:
    finding = world.finding()
    person = make_person(name="Dana Whitlock", user=world.cast.users["ciso"])
    type(finding).objects.filter(pk=finding.pk).update(owner=person)


def _editor_by_another_account(world: World) -> None:
    add_user(world.cast, "admin_account", Role.SECURITY_ADMIN)
    make_person(name="Dana Whitlock", user=world.cast.users["ciso"], email="admin_account@fenwick.example")


def _editor(world: World) -> None:
    group = world.cast.users["security_admin"].groups.get()
    world.cast.users["ciso"].groups.add(group)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (_same_by_mail, "You asked for it"),
        (_same_by_identity, "You asked for it"),
        (_own_finding, "You own this, hold the access"),
        (_owner_too, "You own this, hold the access"),
        (_editor_by_another_account, "edit the rules"),
        (_editor, "edit the rules"),
    ],
)
def test_every_path_to_signing_ones_own_is_refused(world: World, path: Any, reason: str) -> None:
    row = world.ask()
    path(world)
    with pytest.raises(Forbidden, match=reason):
        world.sign("ciso", row)
    assert not ExceptionVote.objects.exists()


def test_signing_takes_a_fresh_second_factor(world: World) -> None:
    row = world.ask()
    for actor in (
        world.actor("ciso", strength=Strength.PASSWORD),
        world.actor("ciso", age=timedelta(minutes=6)),
        world.actor("ciso", strength=Strength.PHISHING_RESISTANT, age=timedelta(minutes=16)),
    ):
        with pytest.raises(Forbidden, match="second factor"):
            sign(actor=actor, exception=row)
    sign(actor=world.actor("ciso", strength=Strength.PHISHING_RESISTANT, age=timedelta(minutes=14)), exception=row)


def test_signing_is_refused_when_what_compensates_is_no_longer_met(world: World) -> None:
    row = world.sign("manager", world.ask())
    world.say(world.subject, ts02="failing")
    run_now()
    with pytest.raises(Conflict, match="compensating check is not met"):
        world.sign("ciso", row)
    assert RiskException.objects.get(pk=row.pk).state == "signed"


def test_one_refusal_decides(world: World) -> None:
    row = world.sign("manager", world.ask())
    with pytest.raises(Invalid):
        refuse(actor=world.actor("ciso"), exception=row, reason="  ")
    refuse(actor=world.actor("ciso"), exception=row, reason="Fix it")
    row.refresh_from_db()
    assert row.state == "refused"
    with pytest.raises(Forbidden, match="decided"):
        world.sign("ciso", row)


def test_who_ends_one_and_who_does_not(world: World) -> None:
    row = world.active()
    for name in ("engineer", "security_admin", "auditor", "outsider", "service"):
        with pytest.raises(Forbidden):
            withdraw(actor=world.actor(name), exception=row)
    withdraw(actor=world.actor("manager"), exception=row, note="Signed by mistake")
    row.refresh_from_db()
    assert (row.state, row.end_reason, row.ended_by) == ("ended", "withdrawn", "Kofi Mensah")
    with pytest.raises(Forbidden, match="over"):
        withdraw(actor=world.actor("owner"), exception=row)


def test_nothing_is_asked_where_nobody_could_sign(world: World) -> None:
    world.cast.users["ciso"].groups.clear()
    world.cast.users["manager"].groups.clear()
    with pytest.raises(Conflict, match="Nobody could sign"):
        world.ask()


def test_what_a_leaver_asked_for_is_taken_back_and_what_is_in_force_stays(world: World) -> None:
    row = world.ask()
    deactivate_user(actor=world.actor("security_admin"), user=world.cast.users["owner"])
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "withdrawn")


def test_who_sees_one(world: World) -> None:
    world.ask()
    sees = {name for name in world.cast.users if RiskException.objects.visible_to(world.actor(name)).exists()}
    assert sees == {"ciso", "security_admin", "second_admin", "auditor", "manager", "owner"}
