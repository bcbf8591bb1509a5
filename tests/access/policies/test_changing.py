"""Changing the policies takes two people, shows its effect first, and brings into force exactly what was confirmed."""

import threading
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.access.models import AccessRequest, Policy, PolicyChange, PolicyVersion
from apps.access.policies import Ctx, evaluate
from apps.access.policies.facts import principal_of, resource_of
from apps.access.policies.language import Texts, default_texts, digest_of
from apps.access.queries.policies import differences, version_in_force
from apps.access.services import policies as services
from apps.access.states import POLICY_CHANGE_MACHINE, PolicyChangeState
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Actor, Strength, system
from apps.core.errors import Conflict, Forbidden, Invalid
from tests.access.asking import build
from tests.access.policies.asked import policy
from tests.cast import Cast, assemble
from tests.factories import make_asset, make_identity, make_person

NO_TRAINING = policy('forbid (principal, action == Action::"train.run", resource);', "Training is closed")


def with_more(**more: Any) -> dict[str, Any]:
    """Return the default set with more policies, by slug with underscores."""
    return {**default_texts(), **{slug.replace("_", "-"): text for slug, text in more.items()}}


def propose(cast: Cast, texts: Texts | None = None, name: str = "second_admin", note: str = "Freeze") -> PolicyChange:
    """Propose a change and return it."""
    texts = texts if texts is not None else with_more(no_training=NO_TRAINING)
    made = services.propose(actor=cast.actor(name), texts=texts, note=note, based_on=version_in_force())
    change: PolicyChange = made.value
    return change


@pytest.mark.django_db
class TestChange:
    """One change."""

    def test_a_second_administrator_brings_it_into_force(self, cast: Cast) -> None:
        change = propose(cast)
        assert version_in_force().number == 1
        version = services.confirm(actor=cast.actor("security_admin"), change=change).value
        assert (version.number, version.texts) == (2, change.texts)
        assert version.digest == digest_of(version.texts) and Policy.objects.filter(slug="no-training").exists()
        assert (version.proposed_by, version.confirmed_by) == (cast.users["second_admin"], cast.users["security_admin"])
        assert PolicyVersion.objects.get(number=1).texts == default_texts()
        actions = Entry.objects.filter(action__startswith="access.policy").order_by("pk")
        assert [entry.action for entry in actions] == ["access.policy.proposed", "access.policy.confirmed"]

    def test_nobody_confirms_their_own_change(self, cast: Cast) -> None:
        change = propose(cast)
        with pytest.raises(Forbidden, match="other than its proposer"):
            services.confirm(actor=cast.actor("second_admin"), change=change)
        assert version_in_force().number == 1
        assert Entry.objects.filter(action="access.policy.confirmed.denied").count() == 1

    def test_a_second_account_of_the_same_person_confirms_nothing(self, cast: Cast) -> None:
        change = propose(cast)
        person = make_person(user=cast.users["second_admin"])
        make_identity(person=person, email=cast.users["security_admin"].email.upper())
        with pytest.raises(Forbidden, match="same one"):
            services.confirm(actor=cast.actor("security_admin"), change=change)

    def test_the_proposer_is_still_an_administrator(self, cast: Cast) -> None:
        change = propose(cast)
        cast.users["second_admin"].groups.clear()
        with pytest.raises(Forbidden, match="no longer a security administrator"):
            services.confirm(actor=cast.actor("security_admin"), change=change)
        services.refuse(actor=cast.actor("security_admin"), change=change)

    @pytest.mark.parametrize("name", ["ciso", "manager", "owner", "engineer", "auditor", "service", "outsider"])
    def test_nobody_else_changes_anything(self, cast: Cast, name: str) -> None:
        change = propose(cast)
        for act in (services.confirm, services.refuse, services.withdraw):
            with pytest.raises(Forbidden):
                act(actor=cast.actor(name), change=change)
        services.withdraw(actor=cast.actor("second_admin"), change=change)
        with pytest.raises(Forbidden):
            propose(cast, name=name)

    @pytest.mark.parametrize("weak", [Strength.PASSWORD, Strength.TOKEN, Strength.NONE])
    def test_a_second_factor_is_needed(self, cast: Cast, weak: Strength) -> None:
        change = propose(cast)
        for act in (services.confirm, services.refuse):
            with pytest.raises(Forbidden):
                act(actor=cast.actor("security_admin", weak), change=change)

    def test_the_system_changes_nothing(self, cast: Cast) -> None:
        change = propose(cast)
        for actor in (system("cli"), Actor(kind="person", id="x", label="x")):
            with pytest.raises(Forbidden):
                services.confirm(actor=actor, change=change)

    def test_refused_and_withdrawn_changes_are_over(self, cast: Cast) -> None:
        first = propose(cast)
        with pytest.raises(Forbidden, match="Withdraw your own"):
            services.refuse(actor=cast.actor("second_admin"), change=first)
        with pytest.raises(Forbidden, match="Only its proposer"):
            services.withdraw(actor=cast.actor("security_admin"), change=first)
        services.refuse(actor=cast.actor("security_admin"), change=first)
        second = propose(cast)
        services.withdraw(actor=cast.actor("second_admin"), change=second)
        for change in (first, second):
            with pytest.raises(Forbidden, match="decided already"):
                services.confirm(actor=cast.actor("security_admin"), change=PolicyChange.objects.get(pk=change.pk))
        assert version_in_force().number == 1

    def test_one_change_waits_at_a_time(self, cast: Cast) -> None:
        propose(cast)
        with pytest.raises(Forbidden, match="Another change waits"):
            propose(cast, name="security_admin")

    def test_what_cannot_be_a_change(self, cast: Cast) -> None:
        """No note, no difference, texts that are not Cedar, a version that was overtaken."""
        with pytest.raises(Invalid, match="Say in at most"):
            propose(cast, note=" ")
        with pytest.raises(Invalid, match="Nothing differs"):
            propose(cast, default_texts())
        with pytest.raises(services.NotCedar, match="odd, line 1"):
            propose(cast, with_more(odd=policy("permt (principal, action, resource);")))
        old = version_in_force()
        services.confirm(actor=cast.actor("security_admin"), change=propose(cast))
        with pytest.raises(Conflict, match="changed meanwhile"):
            services.propose(actor=cast.actor("security_admin"),
                             texts=with_more(other=policy("permit (principal, action, resource);", "Other")),
                             note="Late", based_on=old)  # fmt: skip
        assert PolicyChange.objects.filter(state=PolicyChangeState.PROPOSED).count() == 0

    def test_the_database_keeps_the_promise(self, cast: Cast) -> None:
        change = propose(cast)
        for broken in ({"state": "confirmed", "decided_by": cast.users["second_admin"]},):
            with pytest.raises(IntegrityError), transaction.atomic():
                PolicyChange.objects.filter(pk=change.pk).update(**broken)


def test_every_transition() -> None:
    """From proposed to each end, and from no end anywhere."""
    for before in PolicyChangeState:
        for after in PolicyChangeState:
            expected = before == PolicyChangeState.PROPOSED and after != before
            assert POLICY_CHANGE_MACHINE.allows(before, after) is expected


def test_differences_name_what_was_added_removed_and_edited() -> None:
    one, two = policy("permit (principal, action, resource);"), policy("forbid (principal, action, resource);")
    found = differences({"a": one, "b": one, "c": one}, {"b": one, "c": two, "d": two})
    assert [(d.slug, d.kind) for d in found] == [("a", "removed"), ("c", "edited"), ("d", "added")]
    assert "-permit (principal, action, resource);\n+forbid (principal, action, resource);" in found[1].lines


def past(cast: Cast, asset: Any, at: datetime, **fields: Any) -> AccessRequest:
    """Return a request that was made at a time and withdrawn."""
    defaults = {
        "requester": cast.users["engineer"], "beneficiary": cast.users["engineer"], "asset": asset, "tier": 3,
        "asset_label": asset.name, "operation": "eval.run", "minutes": 60, "reason": "r", "state": "cancelled",
        "created_at": at, "expires_at": at + timedelta(days=1), "decided_at": at, "digest": "d",
    }  # fmt: skip
    return AccessRequest.objects.create(**{**defaults, **fields})


def recount(before: PolicyVersion, texts: Texts, now: datetime) -> tuple[int, set[int], set[int]]:
    """Ask one by one, as plainly as can be."""
    after = PolicyVersion(number=99, texts=texts, digest=digest_of(texts))
    asked, refused, allowed = 0, set(), set()
    for request in AccessRequest.objects.filter(created_at__gt=now - timedelta(days=90)):
        facts: dict[str, Any] = {
            "principal": principal_of(request.beneficiary, None, now), "operation": request.operation,
            "resource": resource_of(request.asset), "context": Ctx(request.minutes, request.origin),
            "now": request.created_at,
        }  # fmt: skip
        old, new = (evaluate(**facts, version=version).allowed for version in (before, after))
        asked += 1
        if old != new:
            (refused if old else allowed).add(request.number)
    return asked, refused, allowed


@pytest.mark.django_db
class TestEffect:
    """What a change would have done to past requests."""

    @settings(max_examples=5, deadline=None)
    @given(data=st.data())
    def test_replay_equals_a_plain_recount(self, data: st.DataObject) -> None:
        with transaction.atomic():
            cast, now = build(assemble()).cast, clock.now()
            assets = [make_asset(tier=tier) for tier in (1, 2, 3)]
            for _ in range(data.draw(st.integers(1, 10))):
                past(
                    cast,
                    data.draw(st.sampled_from(assets)),
                    now - timedelta(hours=data.draw(st.integers(1, 24 * 120))),
                    operation=data.draw(st.sampled_from(["eval.run", "train.run", "weights.export"])),
                    minutes=data.draw(st.sampled_from([30, 240, 500, 2000])),
                    beneficiary=cast.users[data.draw(st.sampled_from(["engineer", "auditor", "owner", "service"]))],
                )
            texts = with_more(no_training=NO_TRAINING)
            for slug in data.draw(st.sets(st.sampled_from(["at-most-tier-1", "at-most-tier-3", "people-sensitive"]))):
                del texts[slug]
            effect = services.preview(texts, version_in_force(), now).as_dict()
            sides = [{row["number"] for row in effect[name]["requests"]} for name in ("newly_refused", "newly_allowed")]
            assert (effect["requests"], *sides) == recount(version_in_force(), texts, now)
            assert [effect[name]["count"] for name in ("newly_refused", "newly_allowed")] == [
                len(side) for side in sides
            ]
            transaction.set_rollback(True)

    def test_it_is_kept_with_the_change_and_names_the_policies(self, cast: Cast) -> None:
        world = build(cast, tier=3)
        request = past(cast, world.asset, clock.now() - timedelta(days=2), operation="train.run", tier=2)
        effect = propose(cast).effect
        assert effect["requests"] == effect["newly_refused"]["count"] == 1 and not effect["newly_allowed"]["count"]
        (row,) = effect["newly_refused"]["requests"]
        assert (row["number"], row["policies"], row["why"]) == (request.number, ["no-training"], ["Training is closed"])

    @pytest.mark.parametrize("n", [2, 60])
    def test_twelve_queries_for_few_and_for_many(self, cast: Cast, n: int) -> None:
        build(cast)
        for number in range(n):
            asset = make_asset(tier=3)
            make_asset(kind="model_version", parent=asset)
            past(cast, asset, clock.now() - timedelta(minutes=number + 1))
        version, now = version_in_force(), clock.now()
        with CaptureQueriesContext(connection) as seen:
            assert services.preview(with_more(no_training=NO_TRAINING), version, now).requests == n
        assert len(seen) == 12


@pytest.mark.postgres
def test_of_many_decisions_at_once_one_counts(postgres: None) -> None:
    """However confirmations, refusals and the withdrawal are timed: one end, at most one version."""
    cast = assemble()
    for _ in range(5):
        change = propose(cast, with_more(**{f"n{version_in_force().number}": NO_TRAINING}))
        deciders = [("security_admin", services.confirm)] * 3 + [("security_admin", services.refuse)]
        acts = [*deciders, ("second_admin", services.withdraw)]
        ended = race([partial(act, actor=cast.actor(name), change=change) for name, act in acts])
        change.refresh_from_db()
        before = change.based_on_id
        assert ended.count("done") == 1 and len(ended) == len(acts)
        made = PolicyVersion.objects.filter(number__gt=before).count()
        assert made == (1 if change.state == PolicyChangeState.CONFIRMED else 0)
        if change.state == PolicyChangeState.CONFIRMED:
            undo = services.confirm(actor=cast.actor("security_admin"), change=propose(cast, default_texts())).value
            assert undo.number == before + 2


@pytest.mark.postgres
def test_of_many_proposals_at_once_one_waits(postgres: None) -> None:
    cast = assemble()
    ended = race([partial(propose, cast, name=n) for n in ("security_admin", "second_admin") * 3])
    assert ended.count("done") == 1 and len(ended) == 6
    assert PolicyChange.objects.filter(state=PolicyChangeState.PROPOSED).count() == 1


def race(acts: list[Any]) -> list[str]:
    """Do all at once, each on a connection of its own, and return how each ended."""
    barrier, ended = threading.Barrier(len(acts)), []

    def run(act: Any) -> None:
        try:
            barrier.wait(timeout=60)
            act()
            ended.append("done")
        except (Conflict, Forbidden) as refusal:
            ended.append(type(refusal).__name__)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return ended
