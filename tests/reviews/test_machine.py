"""Campaign and item against a plain model: reviewers answer, sign, hand on and leave; access vanishes and comes back;
time passes. The invariants of governance.md §5 are named where they are asked."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.access.models import Grant
from apps.access.services.suspension import judge_conditions
from apps.accounts.services.people import deactivate_user
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.states import Machine
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.services.ending import end_due
from apps.governance.services.signing import sign as sign_exception
from apps.inventory.models import Entitlement
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.queries.bulk import preview
from apps.reviews.queries.digests import digest_of, snapshot_hash
from apps.reviews.queries.independence import conflict_of
from apps.reviews.services.bulk import bulk_decide
from apps.reviews.services.campaigns import cancel
from apps.reviews.services.deciding import withdraw
from apps.reviews.services.reconciling import move_campaigns, prove_all
from apps.reviews.services.removal import done_by_hand, remove_due
from apps.reviews.services.rerouting import not_mine
from apps.reviews.states import CAMPAIGN_MACHINE, ITEM_MACHINE, UNPROVEN_ITEMS, Choice, ItemState
from tests.access.grants import make_request, open_grant
from tests.cast import Cast
from tests.reviews.accepting import asked, fresh, met
from tests.reviews.world import World, build

PEOPLE = ("manager", "owner", "engineer", "ciso", "security_admin")
TWO_STAGES = [{"reviewer": "self", "days": 3}, {"reviewer": "manager", "days": 14}]
ONE_STAGE = [{"reviewer": "manager", "days": 14}]


def reachable(machine: Machine, before: str) -> set[str]:
    """Return the states that follow a state, by any number of moves."""
    found, todo = {before}, [before]
    while todo:
        for following in machine.transitions[todo.pop()] - found:
            found.add(following)
            todo.append(following)
    return found


class Review(RuleBasedStateMachine):
    """One campaign of five items: used, unused, privileged, the manager's own, and a grant."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        cache.clear()
        self.hours = timedelta(0)
        self.time: Any = clock.shifted(self.hours)
        self.time.__enter__()
        world = self.world
        people, old = world.people, clock.now() - timedelta(days=200)
        world.standing(people["engineer"])
        world.standing(people["engineer"], last_used_at=old, operation="eval.run")
        world.standing(people["owner"], privileged="yes", operation="model.deploy")
        world.standing(people["manager"])
        open_grant(make_request(world.user("engineer"), world.asset, minutes=60 * 24 * 60))
        met(world.asset)
        self.items: dict[int, tuple[str, str]] = {}
        self.state = "draft"
        self.decisions: list[int] = []
        self.left: set[str] = set()

    def teardown(self) -> None:
        self.time.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @initialize(two=st.booleans(), default=st.sampled_from(["keep", "revoke", "suspend"]))
    def open(self, two: bool, default: str) -> None:
        self.world.opened(stages=TWO_STAGES if two else ONE_STAGE, default_choice=default)
        self.state = "active"
        self.items = dict.fromkeys(Item.objects.values_list("pk", flat=True), ("open", ""))
        assert len(self.items) == 5

    def tried(self, what: Any, **fields: Any) -> bool:
        """Make a move in a transaction of its own; a refusal changes nothing."""
        try:
            with transaction.atomic():
                what(**fields)
        except DomainError:
            return False
        return True

    def drawn(self, data: st.DataObject) -> Item:
        return Item.objects.get(pk=data.draw(st.sampled_from(sorted(self.items))))

    @rule(data=st.data(), who=st.sampled_from(PEOPLE), choice=st.sampled_from(["keep", "revoke", "abstain"]))
    def decide(self, data: st.DataObject, who: str, choice: str) -> None:
        item = self.drawn(data)
        done = self.tried(self.world.decide, name=who, item=item, choice=choice)
        assert not done or item.reviewer == self.world.user(who)

    @rule(data=st.data())
    def reviewer_decides(self, data: st.DataObject) -> None:
        item = self.drawn(data)
        for who in PEOPLE:
            if item.reviewer == self.world.user(who) and who not in self.left:
                choice = data.draw(st.sampled_from(["keep", "revoke"]))
                self.tried(self.world.decide, name=who, item=item, choice=choice)

    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def take_back(self, data: st.DataObject, who: str) -> None:
        self.tried(withdraw, actor=self.world.actor(who), item=self.drawn(data))

    @rule(who=st.sampled_from(PEOPLE))
    def revoke_at_once(self, who: str) -> None:
        campaign = Campaign.objects.get()
        shown = preview(campaign, self.world.user(who).pk, "revoke")
        actor = self.world.actor(who)
        self.tried(bulk_decide, actor=actor, campaign=campaign, choice="revoke", digest=shown.digest)

    @rule(data=st.data(), who=st.sampled_from(PEOPLE), to=st.sampled_from(PEOPLE))
    def hand_on(self, data: st.DataObject, who: str, to: str) -> None:
        self.tried(not_mine, actor=self.world.actor(who), item=self.drawn(data), to=self.world.user(to))

    @rule(who=st.sampled_from(PEOPLE))
    def sign(self, who: str) -> None:
        user = self.world.user(who)
        waiting = Item.objects.filter(reviewer=user, state="open", stage=Campaign.objects.get().stage).exists()
        done = self.tried(self.world.sign, name=who, campaign=Campaign.objects.get())
        assert not (done and waiting)

    @rule(hours=st.sampled_from([1, 30, 80, 200, 400]))
    def wait(self, hours: int) -> None:
        self.time.__exit__(None, None, None)
        self.hours += timedelta(hours=hours)
        self.time = clock.shifted(self.hours)
        self.time.__enter__()
        move_campaigns()

    @rule()
    def reconcile(self) -> None:
        move_campaigns()
        judge_conditions()
        remove_due()
        prove_all()

    @rule(data=st.data(), gone=st.booleans())
    def source_shows(self, data: st.DataObject, gone: bool) -> None:
        numbers = list(Entitlement.objects.order_by("operation", "pk").values_list("pk", flat=True))
        number = data.draw(st.integers(0, len(numbers) - 1))
        Entitlement.objects.filter(pk=numbers[number]).update(gone_at=clock.now() if gone else None)

    @rule(data=st.data(), who=st.sampled_from(PEOPLE))
    def settle(self, data: st.DataObject, who: str) -> None:
        item = self.drawn(data)
        if hasattr(item, "removal"):
            self.tried(done_by_hand, actor=self.world.actor(who), removal=item.removal, proof="Done")
        self.tried(asked, world=self.world, item=item, by=who, days=5)

    @rule(who=st.sampled_from(PEOPLE))
    def sign_an_exception(self, who: str) -> None:
        for row in RiskException.objects.filter(state__in=["asked", "signed"]):
            item = Item.objects.get(pk=int(row.key))
            done = self.tried(sign_exception, actor=fresh(self.world, who), exception=row)
            assert not done or self.world.user(who) not in (row.asked_by, item.decided_by, item.holder_user)

    @rule()
    def exceptions_end(self) -> None:
        end_due()

    @precondition(lambda self: "manager" not in self.left)
    @rule()
    def manager_leaves(self) -> None:
        self.left.add("manager")
        deactivate_user(actor=self.world.actor("second_admin"), user=self.world.user("manager"))

    @rule(sure=st.sampled_from([False] * 9 + [True]))
    def call_off(self, sure: bool) -> None:
        if sure:
            self.tried(cancel, actor=self.world.actor("ciso"), campaign=Campaign.objects.get(), reason="Wrong")

    @invariant()
    def moves_stand_in_the_tables(self) -> None:
        for row in Campaign.objects.all():
            assert row.state in reachable(CAMPAIGN_MACHINE, self.state)
            self.state = row.state
        for item in Item.objects.filter(pk__in=self.items):
            before, answer = self.items[item.pk]
            assert item.state in reachable(ITEM_MACHINE, before), (before, item.state)
            sealed = before not in ("open", "decided")
            assert not sealed or item.decision == answer, "a sealed answer stays as it is"
            self.items[item.pk] = (item.state, item.decision)

    @invariant()
    def invariant_01_answers_only_grow_and_the_latest_counts(self) -> None:
        found = list(Decision.objects.order_by("number").values_list("number", flat=True))
        assert found[: len(self.decisions)] == self.decisions
        self.decisions = found
        for item in Item.objects.exclude(decision=""):
            last = item.decisions.order_by("-number")[0]
            assert last.choice == item.decision and last.stage == item.stage and last.digest == item.digest
            assert last.defaulted == item.defaulted and last.reviewer_id == item.decided_by_id

    @invariant()
    def no_answer_is_never_a_keep(self) -> None:
        for item in Item.objects.filter(decision="keep").exclude(state="moot"):
            said = item.decisions.filter(choice="keep", stage=item.stage)
            assert said.filter(reviewer__isnull=False).exists() or item.defaulted

    @invariant()
    def what_rests_goes_on_only_by_a_keep(self) -> None:
        for item in Item.objects.filter(subject_kind="grant", state__in=["open", "decided"], campaign__state="active"):
            grant = Grant.objects.get(pk=int(item.subject_id))
            if grant.state == "suspended":
                assert item.suspended_at is not None
            if item.suspended_at is not None:
                assert item.campaign.default_choice == "suspend"
                assert not Decision.objects.filter(item=item, defaulted=True).exists()

    @invariant()
    def invariant_13_who_left_is_asked_nothing(self) -> None:
        for name in self.left:
            assert not Item.objects.filter(reviewer=self.world.user(name)).decidable().exists()

    @invariant()
    def invariant_16_nothing_closes_unproven(self) -> None:
        closed = Item.objects.filter(campaign__state="closed")
        assert not closed.filter(state__in=UNPROVEN_ITEMS).exists()
        assert not closed.filter(state=ItemState.SEALED, decision__in=["revoke", "reduce"]).exists()
        for item in Item.objects.filter(state=ItemState.RISK_ACCEPTED):
            votes = ExceptionVote.objects.filter(exception__key=str(item.pk), exception__active_at__isnull=False)
            assert votes.exists() and not votes.filter(voter=item.decided_by_id).exists()
        for item in Item.objects.filter(state=ItemState.VERIFIED):
            assert item.removal.proofs.filter(seen="absent").exists()

    @invariant()
    def invariant_17_nobody_certified_their_own(self) -> None:
        for row in Decision.objects.exclude(reviewer=None).select_related("item", "campaign"):
            if row.stage == row.campaign.last_stage and row.choice != Choice.WITHDRAW and row.reviewer_id:
                assert conflict_of(row.item, [row.reviewer_id]) == ""

    @invariant()
    def what_was_shown_never_changes(self) -> None:
        for row in Campaign.objects.exclude(state="draft"):
            assert snapshot_hash(row) == row.snapshot_hash
        for item in Item.objects.all():
            assert digest_of(item) == item.digest


@pytest.mark.django_db
def test_reviews_keep_their_promises(cast: Cast) -> None:
    """A few hundred moves."""
    Review.world = build(cast)
    quiet = settings(
        max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), database=None,
        derandomize=True,
    )  # fmt: skip
    run_state_machine_as_test(Review, settings=quiet)
