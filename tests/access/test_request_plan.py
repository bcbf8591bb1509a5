"""The dry run: routes, limits, forecasts, and the card an approver decides by; each within its query budget."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import AccessRequest
from apps.access.queries.card import card
from apps.access.queries.forecast import forecast
from apps.access.queries.plan import Plan, options, plan
from apps.access.states import RequestState
from apps.core import clock
from apps.governance.operations import operations_for
from apps.inventory.models import Asset, Person
from tests.access.asking import TIER_2, TIER_3, World, build
from tests.access.grants import make_request
from tests.cast import Cast
from tests.factories import make_asset, make_person


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def _plan(world: World, operation: str = TIER_2, name: str = "engineer", **fields: Any) -> Plan:
    user = world.user(name)
    defaults = {"asset": world.asset, "minutes": 60, "start_at": None, "now": clock.now()}
    return plan(
        requester=user,
        beneficiary=fields.pop("beneficiary", user),
        actor=world.actor(name),
        operation=operation,
        **{**defaults, **fields},
    )


def _within(budget: int, ask: Callable[[], Any]) -> Any:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = ask()
    assert len(queries) <= budget, f"{len(queries)} queries"
    return answer


def test_the_plan_tells_route_limit_and_people(world: World) -> None:
    """Per tier, as the request will have it."""
    routine = _within(60, lambda: _plan(world, TIER_3))
    assert (routine.tier, routine.automatic, routine.max_minutes) == (3, True, 480)
    usual = _within(60, lambda: _plan(world))
    assert [(s.rule, s.need, [seat.who.name for seat in s.people]) for s in usual.stages] == [
        ("asset_owner", 1, ["Priya Raman"])
    ]
    Asset.objects.filter(pk=world.asset.pk).update(tier=1)
    world.asset.refresh_from_db()
    strict = _within(60, lambda: _plan(world))
    assert (strict.tier, strict.approvals, strict.max_minutes) == (1, 2, 240)
    assert [s.rule for s in strict.stages] == ["asset_owner", "ciso"]


def test_a_stage_without_its_approver_falls_back(world: World) -> None:
    """The owner asks: the manager of their team is asked instead."""
    told = _plan(world, name="owner")
    assert [(s.rule, s.fell_back) for s in told.stages] == [("manager", True)]
    assert told.routed


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minutes": 0}, "1 minute to 24 hours"),
        ({"minutes": 60 * 24 + 1}, "1 minute to 24 hours"),
        ({"operation": "data.read"}, "not done to this kind"),
        ({"operation": "no.such"}, "not done to this kind"),
        ({"start_at": "past"}, "lies in the past"),
        ({"start_at": "far"}, "30 days ahead"),
    ],
)
def test_what_cannot_be_asked_says_why(world: World, fields: dict[str, Any], words: str) -> None:
    """In words for people."""
    moments = {"past": clock.now() - timedelta(hours=1), "far": clock.now() + timedelta(days=31)}
    if "start_at" in fields:
        fields = {"start_at": moments[fields["start_at"]]}
    answer = _plan(world, **fields)
    assert not answer.decision and words in answer.decision.reason


def test_an_unlinked_person_asks_for_nothing(world: World) -> None:
    """Duties of nobody cannot be judged; the remedy is named."""
    Person.objects.filter(user=world.user("engineer")).update(user=None)
    world.user("engineer").__dict__.pop("person", None)
    answer = _plan(world)
    assert "linked to no person" in answer.decision.reason and "People" in answer.remedy


def test_options_tell_every_operation_of_the_asset(world: World) -> None:
    """Allowed or not, each with its route, in one budget; who tunes the model does not validate it."""
    world.ask(operation="hparam.tune")
    told = _within(
        60,
        lambda: options(
            requester=world.user("engineer"),
            beneficiary=world.user("engineer"),
            actor=world.actor("engineer"),
            asset=world.asset,
            now=clock.now(),
        ),
    )
    assert [key for key, _ in told] == [operation.key for operation in operations_for("model")]
    answers = dict(told)
    assert answers[TIER_3].automatic
    assert answers[TIER_2].approvals == 1
    assert not answers["model.validate"].decision and answers["model.validate"].remedy


def test_a_forecast_needs_ten_answers(world: World) -> None:
    """Eight in ten within the eighth of ten times; silence counts with the whole time it waited."""
    now = clock.now()
    for index in range(9):
        at = now - timedelta(days=1)
        make_request(
            world.user("engineer"), make_asset(), operation=TIER_2, tier=2, stage=1, now=at,
            decided_at=at + timedelta(minutes=index + 1),
        )  # fmt: skip
    assert forecast(TIER_2, 2, now) is None
    make_request(
        world.user("engineer"), make_asset(), operation=TIER_2, tier=2, stage=1, now=now - timedelta(days=2),
        decided_at=now - timedelta(days=1), state=RequestState.EXPIRED,
    )  # fmt: skip
    found = forecast(TIER_2, 2, now)
    assert found is not None
    assert (found.n, found.minutes_80, found.at) == (10, 8, now + timedelta(minutes=8))
    assert forecast(TIER_2, 1, now) is None


def test_the_card_tells_both_sides(world: World) -> None:
    """Facts for and against, less that would do, and the digest a decision binds to."""
    Person.objects.filter(user=world.user("engineer")).update(job_title="Data scientist")
    for _ in range(14):
        make_person(job_title="data scientist")
    request = world.ask(operation="weights.export", minutes=60)
    row = AccessRequest.objects.select_related("asset__parent", "beneficiary").get(pk=request.pk)
    told = _within(40, lambda: card(row, world.actor("owner"), clock.now()))
    against = {signal.key: signal.text for signal in told.look_at}
    assert against["usual"].startswith("0 of 14 people")
    assert "cannot be taken back" in against["irreversible"]
    assert {"findings", "duties"} <= {signal.key for signal in told.checks_out}
    assert (told.less.operation, told.less.tier) == ("weights.read", 2)
    assert (told.digest, told.routine) == (request.digest, False)
    assert [asked.name for asked in told.asked_of] == ["Priya Raman"]


def test_the_card_counts_what_the_asset_goes_into_and_names_what_is_seen(world: World) -> None:
    """Somebody who sees nothing of it reads the number and no name."""
    make_asset(name="hidden", kind="model_version", parent=None)
    version = make_asset(
        name="churn", kind="model_version", parent=world.asset, tier=3, tier_confirmed=True,
        owner=world.asset.owner, owner_confirmed_at=world.asset.owner_confirmed_at,
    )  # fmt: skip
    request = world.ask(asset=version)
    row = AccessRequest.objects.select_related("asset__parent", "beneficiary").get(pk=request.pk)
    seen, unseen = (card(row, world.actor(name), clock.now()).blast_radius for name in ("owner", "outsider"))
    assert (seen.total, seen.names, seen.by_kind) == (1, ("churn-gbm",), (("Model", 1),))
    assert (unseen.total, unseen.names) == (1, ())
