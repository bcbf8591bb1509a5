"""Changing the routes: two people, never below the floor of a tier, the effect shown, and only for new requests."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from apps.access.models import RouteChange, RouteStage, RouteVersion, Tiers
from apps.access.queries.plan import plan
from apps.access.queries.route_effect import route_effect, rows_of
from apps.access.queries.routes import version_in_force
from apps.access.rules.routes import FEWEST_STAGES, problems_of
from apps.access.services import routes as services
from apps.access.services.due import expire_due
from apps.access.states import ApproverRule, RequestState
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Strength, system
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.governance.tiers import TIERS
from tests.access.asking import TIER_2, TIER_3, World, build
from tests.cast import Cast

CISO: dict[str, Any] = {
    "rule": "ciso", "need": 1, "answer_minutes": 30, "remind_minutes": 15, "escalate_to": "", "fallback": "",
}  # fmt: skip


@pytest.fixture
def world(cast: Cast) -> World:
    """The cast and an asset of the owner."""
    return build(cast)


def changed(**tiers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the routes in force with other stages for `t1`, `t2`, `t3`."""
    routes = copy.deepcopy(version_in_force().tiers)
    for name, stages in tiers.items():
        routes[name[1]]["stages"] = stages
    return routes


def propose(world: World, tiers: Tiers | None = None, name: str = "second_admin") -> RouteChange:
    """Propose a change and return it."""
    tiers = tiers if tiers is not None else changed(t2=[CISO])
    made = services.propose(actor=world.actor(name), tiers=tiers, note="Owners travel", based_on=version_in_force())
    change: RouteChange = made.value
    return change


def in_force() -> list[tuple[int, int, str]]:
    """Return the stages that plans read."""
    return list(RouteStage.objects.order_by("tier", "position").values_list("tier", "position", "rule"))


@pytest.mark.django_db
class TestChanging:
    """From a proposal to a version."""

    def test_the_first_version_is_what_was_in_force(self) -> None:
        version = version_in_force()
        kept = [(tier, row.position, row.rule) for tier, rows in rows_of(version.tiers).items() for row in rows]
        assert (version.number, sorted(kept)) == (1, in_force()) and not problems_of(version.tiers)

    def test_a_second_administrator_brings_it_into_force_for_new_requests(self, world: World) -> None:
        old = world.ask("engineer")
        change = propose(world)
        assert ("ciso" in [rule for tier, _, rule in in_force() if tier == 2]) is False
        version = services.confirm(actor=world.actor("security_admin"), change=change).value
        assert (version.number, [rule for tier, _, rule in in_force() if tier == 2]) == (2, ["ciso"])
        assert world.approve("owner", old).state == RequestState.APPROVED
        other = world.ask("owner", operation="train.run")
        assert [stage["rule"] for stage in other.route] == ["ciso"]
        actions = Entry.objects.filter(action__startswith="access.routes").order_by("pk")
        assert [entry.action for entry in actions] == ["access.routes.proposed", "access.routes.confirmed"]

    @pytest.mark.parametrize("name", ["ciso", "manager", "owner", "engineer", "auditor", "service", "outsider"])
    def test_who_may_not(self, world: World, name: str) -> None:
        with pytest.raises(Forbidden):
            propose(world, name=name)
        change = propose(world)
        for act in (services.confirm, services.refuse, services.withdraw):
            with pytest.raises(Forbidden):
                act(actor=world.actor(name), change=change)
        assert RouteVersion.objects.count() == 1

    def test_nobody_confirms_their_own_nor_without_a_second_factor(self, world: World) -> None:
        change = propose(world)
        for actor in (world.actor("second_admin"), world.actor("security_admin", strength=Strength.PASSWORD)):
            with pytest.raises(Forbidden):
                services.confirm(actor=actor, change=change)
        assert Entry.objects.filter(action="access.routes.confirmed.denied").count() == 2

    def test_one_change_at_a_time_decided_once(self, world: World) -> None:
        change = propose(world)
        with pytest.raises(Forbidden, match="Another change waits"):
            propose(world, name="security_admin")
        services.refuse(actor=world.actor("security_admin"), change=change)
        with pytest.raises((Conflict, Forbidden)):
            services.confirm(actor=world.actor("security_admin"), change=change)
        services.withdraw(actor=world.actor("second_admin"), change=propose(world))
        assert in_force()[0][2] == "asset_owner" and RouteVersion.objects.count() == 1

    def test_what_is_stale_empty_or_without_a_reason(self, world: World) -> None:
        first = version_in_force()
        services.confirm(actor=world.actor("security_admin"), change=propose(world))
        admin = world.actor("second_admin")
        with pytest.raises(Conflict, match="changed meanwhile"):
            services.propose(actor=admin, tiers=changed(t3=[CISO]), note="x", based_on=first)
        with pytest.raises(Invalid, match="Nothing differs"):
            services.propose(actor=admin, tiers=changed(), note="x", based_on=version_in_force())
        with pytest.raises(Invalid, match="why"):
            services.propose(actor=admin, tiers=changed(t3=[CISO]), note=" ", based_on=version_in_force())

    def test_hours_say_how_long_a_request_waits(self, world: World) -> None:
        tiers = changed()
        tiers["2"]["hours"] = 2
        services.confirm(actor=world.actor("security_admin"), change=propose(world, tiers))
        row = world.ask("engineer")
        assert row.expires_at - row.created_at == timedelta(hours=2)
        with clock.shifted(timedelta(hours=2)):
            expire_due(actor=system("tests"))
        assert world.fresh(row).outcome_reason == "It was not decided within 2 hours."


@pytest.mark.django_db
class TestEffect:
    """What other routes would have meant."""

    def test_it_says_what_plans_say(self, world: World) -> None:
        """For each rule: the replay strands a request where, and only where, the plan has nobody."""
        row = world.ask("engineer")
        before = version_in_force().tiers
        for rule in ApproverRule.values:
            after = changed(t2=[{**CISO, "rule": rule}])
            effect = route_effect(before, after, clock.now())
            RouteStage.objects.all().delete()
            RouteStage.objects.bulk_create(one for rows in rows_of(after).values() for one in rows)
            user = world.user("engineer")
            planned = plan(
                requester=user, beneficiary=user, actor=None, asset=row.asset, operation=TIER_2, minutes=60,
                start_at=None, now=clock.now(), judged=row,
            )  # fmt: skip
            assert effect["requests"] == 1 and effect["helped"]["count"] == 0
            assert effect["stranded"]["count"] == int(not planned.routed), rule
            assert effect["different"]["count"] == int(rule != "asset_owner"), rule

    def test_it_counts_who_is_left_without_an_approver(self, world: World) -> None:
        world.ask("owner")
        world.ask("engineer", operation=TIER_3)
        effect = propose(world, changed(t2=[{**CISO, "rule": "asset_owner"}])).effect
        assert effect["stranded"]["count"] == 1 and effect["stranded"]["requests"][0]["operation"] == TIER_2

    def test_its_queries_do_not_grow_with_requests(self, world: World) -> None:
        seen = []
        for operation in ("weights.read", "train.run"):
            world.ask("engineer", operation=operation)
            with CaptureQueriesContext(connection) as queries:
                route_effect(version_in_force().tiers, changed(t2=[CISO]), clock.now())
            seen.append(len(queries))
        assert seen[0] == seen[1] <= 16


GOOD = {
    "1": {"hours": 24, "stages": [{**CISO, "rule": "asset_owner"}, CISO]},
    "2": {"hours": 24, "stages": [CISO]},
    "3": {"hours": 24, "stages": []},
}


@pytest.mark.parametrize(
    ("tier", "change", "said"),
    [
        ("1", {"stages": [{**CISO, "need": 2}]}, "Two stages at least"),
        ("1", {"stages": []}, "Two stages at least"),
        ("2", {"stages": []}, "One stage at least"),
        ("3", {"stages": [CISO] * 4}, "At most 3 stages"),
        ("1", {"stages": [{**CISO, "rule": "asset_owner"}] * 2}, "one owner"),
        ("2", {"stages": [{**CISO, "rule": "asset_owner", "need": 2}]}, "one approval"),
        ("2", {"stages": [{**CISO, "rule": "anybody"}]}, "Choose who approves"),
        ("2", {"stages": [{**CISO, "need": 0}]}, "1 to 5 approvals"),
        ("2", {"stages": [{**CISO, "remind_minutes": 30}]}, "before the answer is due"),
        ("2", {"stages": [{**CISO, "answer_minutes": 4}]}, "minutes"),
        ("2", {"stages": [{**CISO, "escalate_to": "ciso"}]}, "go to other people"),
        ("2", {"stages": [{**CISO, "fallback": "ciso"}]}, "is another"),
        ("2", {"stages": [{**CISO, "fallback": "x"}]}, "no such rule"),
        ("2", {"hours": 0}, "waits 1 to 168"),
        ("2", {"hours": 1, "stages": [{**CISO, "answer_minutes": 61}]}, "more time to answer"),
    ],
)
def test_what_no_route_may_be(tier: str, change: dict[str, Any], said: str) -> None:
    assert not problems_of(GOOD)  # type: ignore[arg-type]
    found = problems_of({**GOOD, tier: {**GOOD[tier], **change}})  # type: ignore[arg-type]
    assert any(said in problem.text and problem.tier == int(tier) for problem in found), found


def test_every_tier_has_a_route() -> None:
    assert problems_of({"1": GOOD["1"]}) and problems_of({**GOOD, "4": GOOD["3"]})  # type: ignore[arg-type]


STAGES = st.lists(
    st.sampled_from(
        [{**CISO, "rule": rule, "need": need} for rule in (*ApproverRule.values, "x") for need in range(7)]
    ),
    max_size=4,
)


@given(st.fixed_dictionaries({tier: st.fixed_dictionaries({"hours": st.just(24), "stages": STAGES}) for tier in GOOD}))
def test_whatever_is_accepted_keeps_the_floor_of_every_tier(tiers: Any) -> None:
    if not problems_of(tiers):
        for number, tier in TIERS.items():
            stages = tiers[str(number)]["stages"]
            assert len(stages) >= FEWEST_STAGES[number] and sum(s["need"] for s in stages) >= tier.approvals
