"""Exceptions for several findings at once: one each, all of them or none, and only for who may ask."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core.errors import Forbidden, Invalid, NotFound
from apps.governance.models import RiskException
from apps.governance.services.asking_many import MOST_AT_ONCE, ask_for_many
from apps.inventory.models import Identity
from apps.posture.models import Finding
from tests.governance.accepting import World
from tests.posture.conftest import run_now

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


@pytest.fixture
def both(world: World) -> list[str]:
    """Two findings of TS-01, both Priya's."""
    world.say(world.other, ts01="failing", ts02="met")
    run_now()
    Finding.objects.update(owner=world.finding().owner)
    return [str(world.finding().pk), str(world.finding(world.other).pk)]


def _ask(world: World, keys: list[str], by: str = "owner", **fields: Any) -> list[RiskException]:
    given: dict[str, Any] = {"reason": "Replaced next month", "check_id": "TS-02", "ends_on": world.day(20)}
    asked = ask_for_many(actor=world.actor(by), kind="finding", keys=keys, **{**given, **fields})
    return asked.value  # type: ignore[no-any-return]


def test_each_has_its_own_exception(world: World, both: list[str]) -> None:
    """Its number, its event, its own subject's check."""
    made = _ask(world, [*both, both[0]])
    assert [row.name for row in made] == ["EX-1", "EX-2"] and {row.key for row in made} == set(both)
    assert {row.comp_id for row in made} == {world.subject.pk, world.other.pk}
    assert Entry.objects.filter(action="governance.exception.asked").count() == 2


def test_none_where_one_is_refused(world: World, both: list[str]) -> None:
    """A check that is met about one only, a finding that has an exception, somebody else's, an unknown one."""
    world.say(world.other, ts02="failing")
    run_now()
    with pytest.raises(Invalid, match="scripted.other"):
        _ask(world, both)
    world.say(world.other, ts02="met")
    run_now()
    for keys, by, refused in ((both, "ciso", Forbidden), ([*both, "999"], "owner", NotFound), ([], "owner", Invalid)):
        with pytest.raises(refused):
            _ask(world, keys, by)
    with pytest.raises(Invalid):
        _ask(world, [str(number) for number in range(MOST_AT_ONCE + 1)])
    assert not RiskException.objects.exists()
    _ask(world, both[:1])
    with pytest.raises(Exception, match="scripted.subject"):
        _ask(world, both)
    assert RiskException.objects.count() == 1


def test_from_the_list_of_findings(world: World, both: list[str], signed_in: SignIn) -> None:
    """Chosen in the list, named on the page with what is left out, asked for at once; hostile names are text."""
    Identity.objects.filter(pk=world.other.pk).update(name="<script>alert(1)</script>")
    owner = signed_in("owner")
    assert "/exceptions/many" in owner.get("/findings").content.decode()
    link = "/exceptions/many?" + "&".join(f"n={key}" for key in both)
    page = owner.get(link).content.decode()
    assert "Ask to accept 2 findings" in page and "<script>alert" not in page
    sent = {"n": both, "reason": "Replaced", "compensating": "TS-02", "ends_on": world.day(20).isoformat()}
    assert owner.post("/exceptions/many", {**sent, "ends_on": world.day(900).isoformat()}).status_code == 400
    assert owner.post("/exceptions/many", {**sent, "compensating": "TS-01"}).status_code == 400
    assert not RiskException.objects.exists()
    assert owner.post("/exceptions/many", sent)["Location"] == "/exceptions"
    assert RiskException.objects.count() == 2
    again = owner.get(link).content.decode()
    assert again.count("left out:") == 2 and "<textarea" not in again
    assert owner.post("/exceptions/many", sent).status_code in (403, 409)


def test_who_may_not(world: World, both: list[str], signed_in: SignIn) -> None:
    """Others see why; strangers see nothing; nonsense is told apart."""
    link = "/exceptions/many?" + "&".join(f"n={key}" for key in both)
    sent = {"n": both, "reason": "Replaced", "compensating": "TS-02", "ends_on": world.day(20).isoformat()}
    page = signed_in("ciso").get(link)
    assert page.status_code == 200 and "<textarea" not in page.content.decode()
    assert signed_in("ciso").post("/exceptions/many", sent).status_code == 403
    assert signed_in("outsider").get(link).status_code == 404
    for query in ("", "?n=x", "?n=1&n=" + "9" * 30):
        assert signed_in("owner").get(f"/exceptions/many{query}").status_code == 400
    assert not RiskException.objects.exists()
