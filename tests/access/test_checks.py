"""ID-07, ID-08, ID-09, ID-10 and ID-13: what the portal gave, judged under the asset it is about."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Grant
from apps.accounts.models import User
from apps.core.errors import Invalid
from apps.inventory.models import Identity, Person
from apps.posture.spec import CHECKS
from tests.access.judged import approved, broken_glass, given, someone
from tests.factories import NOW, make_asset, make_identity, make_person
from tests.posture.judging import ago, answers, said

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
IDS = ("ID-07", "ID-08", "ID-09", "ID-10", "ID-13")


@pytest.mark.parametrize("check_id", IDS)
def test_an_asset_without_access_is_in_no_count(check_id: str) -> None:
    """Nothing was given, so there is nothing to ask."""
    assert said(check_id, make_asset()) == "out of scope"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"operation": "train.run", "minutes": 480}, "met"),
        ({"operation": "train.run", "minutes": 481}, "failing too_long"),
        ({"operation": "train.run", "minutes": 600, "state": "suspended"}, "failing too_long"),
        ({"operation": "train.run", "minutes": 600, "state": "ended", "observed": "absent"}, "out of scope"),
        ({"operation": "eval.run", "minutes": 600}, "out of scope"),
    ],
)
def test_long_privileged_access(fields: dict[str, Any], expected: str) -> None:
    """Exactly the allowed hours is short enough; only what is privileged and lives counts."""
    asset = make_asset()
    given(asset, NOW, expires_at=LATER, **fields)
    assert said("ID-07", asset) == expected


def test_the_hours_are_a_parameter() -> None:
    """The same grant under other limits."""
    asset = make_asset()
    given(asset, NOW, expires_at=LATER, operation="train.run", minutes=300)
    assert [said("ID-07", asset, hours=hours) for hours in (4, 5)] == ["failing too_long", "met"]
    assert answers("ID-07")[asset.pk].evidence["longest_minutes"] == 300


OVER = {"state": "ending", "ending_at": ago(0, 15 * 60 + 1)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"expires_at": LATER}, "met"),
        ({**OVER, "ending_at": ago(0, 15 * 60)}, "met"),
        (OVER, "failing still_there"),
        ({**OVER, "observed": "unknown"}, "not_evaluated not_seen"),
        ({**OVER, "state": "ended", "observed": "absent"}, "met"),
        ({"expires_at": ago(0, 15 * 60 + 1)}, "failing still_there"),
        ({"expires_at": ago(0, 15 * 60 + 1), "observed": "unknown"}, "not_evaluated not_seen"),
        ({"expires_at": ago(0, 15 * 60)}, "met"),
    ],
)
def test_access_that_is_over(fields: dict[str, Any], expected: str) -> None:
    """Seen there fails, not seen is not gone, and a few minutes are allowed."""
    asset = make_asset()
    given(asset, ago(1), **fields)
    assert said("ID-08", asset) == expected


def test_one_that_is_still_there_outweighs_one_that_was_not_seen() -> None:
    """The worst of an asset's grants decides, and the evidence names one."""
    asset = make_asset()
    given(asset, ago(1), **{**OVER, "observed": "unknown"})
    there = given(asset, ago(1), **OVER)
    answer = answers("ID-08")[asset.pk]
    assert (answer.outcome, answer.reason) == ("failing", "still_there")
    assert answer.evidence["newest_grant"] == there.pk


@pytest.mark.parametrize(
    ("operation", "strength", "expected"),
    [
        ("model.deploy", "second_factor", "met"),
        ("weights.export", "phishing_resistant", "met"),
        ("weights.export", "password", "failing weak_proof"),
        ("model.deploy", "token", "failing weak_proof"),
        ("model.deploy", None, "failing nobody_approved"),
        ("eval.run", "password", "out of scope"),
    ],
)
def test_step_up(operation: str, strength: str | None, expected: str) -> None:
    """Who approves a deployment or an export proves a second factor; what is harmless is not asked about."""
    asset = make_asset()
    grant = given(asset, ago(1), operation=operation)
    if strength:
        approved(grant, someone(), strength)
    assert said("ID-09", asset) == expected


def test_step_up_looks_back_as_far_as_is_said() -> None:
    """What is older than the period is not held against the asset any more."""
    asset = make_asset()
    approved(given(asset, ago(30), operation="model.deploy"), someone(), "password")
    assert [said("ID-09", asset, days=days) for days in (30, 29)] == ["failing weak_proof", "met"]


def test_who_approves_own_access() -> None:
    """As requester or as the one who benefits; somebody else is as it should be."""
    other, own = make_asset(), make_asset()
    approved(given(other, ago(1)), someone())
    mine = given(own, ago(1))
    approved(mine, mine.holder)
    assert (said("ID-10", other), said("ID-10", own)) == ("met", "failing own_approval")


def second_account(person: Person, **fields: Any) -> User:
    """Return a user whom nobody linked to the person, but whose address is that of an account of theirs."""
    user = someone()
    told = {name: value.format(user.email) for name, value in fields.items()}
    make_identity(person=person, **told)
    return user


@pytest.mark.parametrize("known_by", [{"login": "{}"}, {"email": "{}"}, {"login": "x", "email": "{}"}])
def test_two_accounts_of_one_person_are_one(known_by: dict[str, str]) -> None:
    """For who asks and approves, and for who trains and ships; an account of nobody known is somebody else."""
    first, asked, shipped, apart = someone(), make_asset(), make_asset(), make_asset()
    second = second_account(make_person(user=first), **known_by)
    approved(given(asked, ago(1), holder=first), second)
    given(shipped, ago(9), holder=second, operation="train.run")
    given(shipped, ago(8), holder=first, operation="model.deploy")
    given(apart, ago(9), holder=someone(), operation="train.run")
    approved(given(apart, ago(8), holder=someone(), operation="model.deploy"), someone())
    found = [said("ID-10", asset) for asset in (asked, shipped, apart)]
    assert found == ["failing own_approval", "failing trains_and_ships", "met"]


def test_people_are_not_told_apart_by_what_is_gone() -> None:
    """An account that its source no longer shows, or one of another person, joins nobody."""
    first, asset = someone(), make_asset()
    gone = second_account(make_person(user=first), login="{}", email="")
    Identity.objects.update(gone_at=NOW)
    other = second_account(make_person(), login="{}")
    for voter in (gone, other):
        approved(given(asset, ago(1), holder=first), voter)
    assert said("ID-10", asset) == "met"


@pytest.mark.parametrize("operation", ["model.promote", "model.deploy"])
def test_who_trains_and_ships(operation: str) -> None:
    """The same holder towards the same asset; two persons, or two assets, are as it should be."""
    one, two, apart = make_asset(), make_asset(), make_asset()
    holder = someone()
    given(one, ago(9), holder=holder, operation="train.run")
    given(one, ago(8), holder=holder, operation=operation)
    given(two, ago(9), operation="train.run")
    given(two, ago(8), operation=operation)
    given(apart, ago(8), holder=holder, operation=operation)
    assert [said("ID-10", asset) for asset in (one, two, apart)] == ["failing trains_and_ships", "met", "met"]
    Grant.objects.filter(operation="train.run").update(activated_at=None, state="scheduled")
    assert said("ID-10", one) == "met"


@pytest.mark.parametrize(
    ("at", "review", "expected"),
    [
        (ago(2), {}, "met review_in_time"),
        (ago(2, 1), {}, "failing not_reviewed"),
        (ago(9), {"state": "justified"}, "met"),
        (ago(9), {"state": "unjustified"}, "met"),
    ],
)
def test_emergency_access_is_reviewed(at: Any, review: dict[str, Any], expected: str) -> None:
    """Either verdict is a review; one that is not late is in time."""
    asset = make_asset()
    broken_glass(asset, at, **review)
    assert said("ID-13", asset) == expected


@pytest.mark.parametrize(
    ("check_id", "name", "values"),
    [
        ("ID-07", "hours", (0, 25)),
        ("ID-08", "minutes", (0, 1441)),
        ("ID-09", "days", (0, 731)),
        ("ID-10", "days", (0, 731)),
        ("ID-13", "review_days", (0, 31)),
    ],
)
def test_limits_have_bounds(check_id: str, name: str, values: tuple[int, ...]) -> None:
    """Outside them a parameter is refused by name."""
    for value in values:
        with pytest.raises(Invalid):
            CHECKS[check_id].parsed({name: value})
