"""The dry run of a request: the same answer that submitting, deciding and activating use (invariant 14).

A request is refused by the first of: the catalogue, the asset, the time asked for, the people, what is held or waiting
already, duty conflicts, the policies. Whether anyone could approve it is told beside that: a request without an
approver is made, fails, and alerts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol
from uuid import UUID

from django.db.models import Q

from apps.access import policies
from apps.access.models import AccessRequest, Grant, RouteStage
from apps.access.policies import Ctx, PolicyAnswer, Question
from apps.access.policies.facts import principal_of, resource_of
from apps.access.queries.approvers import Bench, Matter, Seat, bench, distinct_people, usual_minutes
from apps.access.queries.conflicts import Deed, DutyConflict, deeds_of, duty_conflicts, refusing
from apps.access.queries.forecast import DAYS, Forecast, forecast
from apps.access.queries.people import Who, who_are
from apps.access.queries.routes import HOURS, hours_by_tier
from apps.access.states import LIVE_GRANTS, OPEN_REQUESTS
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.decision import ALLOWED, Decision, refused
from apps.governance.operations import OPERATIONS, operations_for
from apps.governance.tiers import TIERS, asset_tier, request_tier
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind

#: How far ahead a start may lie, and how far behind now it still counts as now.
AHEAD = timedelta(days=30)
SLACK = timedelta(minutes=5)
LINK_PERSON = "A security administrator links the sign-in to a person under People."


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One stage of the route: the rule that names people, how many are needed, who may, and what follows silence."""

    position: int
    rule: str
    need: int
    people: tuple[Seat, ...]
    answer_minutes: int
    remind_minutes: int
    escalate_to: str
    fell_back: bool = False

    @property
    def frozen(self) -> dict[str, object]:
        """Return the stage as a request keeps it."""
        return {
            "rule": self.rule,
            "need": self.need,
            "answer_minutes": self.answer_minutes,
            "remind_minutes": self.remind_minutes,
            "escalate_to": self.escalate_to,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a request. `decision` says whether it may be made and why not, `remedy` what would help.

    `routed` is false where the route cannot be filled by distinct, eligible persons: such a request fails.
    """

    operation: str
    decision: Decision
    remedy: str
    tier: int
    max_minutes: int
    policy: PolicyAnswer
    stages: tuple[PlannedStage, ...]
    routed: bool
    forecast: Forecast | None
    conflicts: tuple[DutyConflict, ...]
    ends_at: datetime
    usual: dict[UUID, int] = field(default_factory=dict)
    waits_hours: int = HOURS

    @property
    def automatic(self) -> bool:
        """Return whether nobody has to approve."""
        return self.routed and not self.stages

    @property
    def approvals(self) -> int:
        """Return how many approvals are needed."""
        return sum(stage.need for stage in self.stages)

    @property
    def answer_minutes(self) -> int:
        """Return the time the stages have to answer, which stands in for a forecast."""
        return sum(stage.answer_minutes for stage in self.stages)


@dataclass
class Desk:
    """The facts of one asset, its requester and its beneficiary at one moment, read once for any number of plans."""

    requester: User
    beneficiary: User
    actor: Actor | None
    asset: Asset
    now: datetime
    judged: AccessRequest | None = None
    emergency: bool = False
    origin: str = ""
    _benches: dict[tuple[int, str, tuple[str, ...]], Bench] = field(default_factory=dict)

    @cached_property
    def who(self) -> dict[UUID, Who]:
        """Return requester and beneficiary as persons."""
        return who_are({self.requester.pk, self.beneficiary.pk})

    @cached_property
    def deeds(self) -> tuple[Deed, ...]:
        """Return what the beneficiary does and did in the asset's lineage."""
        without = self.judged.pk if self.judged else None
        return deeds_of(self.who[self.beneficiary.pk], self.asset, without=without)

    @cached_property
    def asset_tier(self) -> int:
        """Return the tier the asset is treated as."""
        return tier_of_asset(self.asset)

    @cached_property
    def routes(self) -> dict[int, list[RouteStage]]:
        """Return the stages of every tier."""
        found: dict[int, list[RouteStage]] = {}
        for row in RouteStage.objects.order_by("tier", "position"):
            found.setdefault(row.tier, []).append(row)
        return found

    @cached_property
    def held(self) -> dict[str, str]:
        """Return operations the beneficiary holds or waits for on this asset, each with its number."""
        mine = {"beneficiary_id": self.beneficiary.pk, "asset_id": self.asset.pk, "state__in": OPEN_REQUESTS}
        asked = AccessRequest.objects.filter(**mine).exclude(pk=self.judged.pk if self.judged else 0)
        grants = Grant.objects.filter(holder=self.beneficiary, asset=self.asset, state__in=LIVE_GRANTS)
        if self.judged is not None:
            grants = grants.filter(Q(request__isnull=True) | ~Q(request=self.judged))
        waiting = {row.operation: f"REQ-{row.pk}" for row in asked.only("operation")}
        return waiting | {row.operation: f"G-{row.pk}" for row in grants.only("operation")}

    def matter(self, operation: str, tier: int, approvals: int) -> Matter:
        """Return what approvers would decide."""
        who = self.who
        opened = self.judged.created_at if self.judged else self.now
        return Matter(self.asset, operation, tier, who[self.requester.pk], who[self.beneficiary.pk], opened, approvals)

    def bench(self, operation: str, tier: int, approvals: int, rules: tuple[str, ...]) -> Bench:
        """Return who a rule names; operations of one tier share it, except where the operation bars somebody."""
        key = (tier, operation if operation == "agent.grant_tool" else "", rules)
        if key not in self._benches:
            self._benches[key] = bench(self.matter(operation, tier, approvals), rules, self.now)
        return self._benches[key]


class RouteDesk(Protocol):
    """What a route is planned from: the stages of every tier, and who a rule names."""

    @property
    def routes(self) -> Mapping[int, Sequence[RouteStage]]: ...

    def bench(self, operation: str, tier: int, approvals: int, rules: tuple[str, ...]) -> Bench: ...


def tier_of_asset(asset: Asset) -> int:
    """Return the tier an asset is treated as, its model's with it. No query when the parent is loaded."""
    model = asset.parent
    known = (asset.tier, model.tier if model else None)
    classification = asset.classification or (model.classification if model else "")
    confirmed = asset.tier_confirmed or bool(asset.tier is None and model and model.tier_confirmed)
    return asset_tier(known, confirmed=confirmed, classification=classification)


def plan(
    *,
    requester: User,
    beneficiary: User,
    actor: Actor | None,
    asset: Asset,
    operation: str,
    minutes: int,
    start_at: datetime | None,
    now: datetime,
    extends: Grant | None = None,
    judged: AccessRequest | None = None,
    emergency: bool = False,
    origin: str = "",
) -> Plan:
    """Return what would become of a request. `actor` is the requester's session, None when nobody sits before it.

    `judged` is a request that exists and is looked at again: it is not in its own way. `origin` is where a new one
    comes from (empty: as the actor is proven), `emergency` that the glass is broken for it. At most 60 queries.
    """
    desk = Desk(requester, beneficiary, actor, asset, now, judged, emergency, origin)
    extends = extends or (judged.extends if judged else None)
    return _plan(desk, operation, minutes, start_at, extends, forecasting=judged is None)


def options(
    *, requester: User, beneficiary: User, actor: Actor | None, asset: Asset, origin: str = "", now: datetime
) -> tuple[tuple[str, Plan], ...]:
    """Return every operation done to this kind of asset with its plan for an hour, or for less where that is the most.

    At most 60 queries, however many operations.
    """
    desk = Desk(requester, beneficiary, actor, asset, now, origin=origin)
    keys = [operation.key for operation in operations_for(asset.kind)]
    answers = dict(zip(keys, _ask_policies(desk, [(key, 60) for key in keys]), strict=True))
    return tuple((key, _plan(desk, key, 60, None, None, forecasting=False, policy=answers[key])) for key in keys)


def _ask_policies(desk: Desk, asked: Iterable[tuple[str, int]]) -> list[PolicyAnswer]:
    principal = principal_of(desk.beneficiary, desk.actor if _own(desk) else None, desk.now)
    resource = resource_of(desk.asset)
    questions = [
        Question(principal, key, resource, Ctx(minutes, _origin(desk), desk.emergency), desk.now)
        for key, minutes in asked
    ]
    return policies.evaluate_many(questions)


def _origin(desk: Desk) -> str:
    """Return where the request comes from: one that is looked at again still comes from where it came."""
    if desk.judged is not None:
        return desk.judged.origin
    return desk.origin or ("api" if desk.actor and desk.actor.credential.startswith("token") else "page")


def _own(desk: Desk) -> bool:
    return desk.requester.pk == desk.beneficiary.pk


def _plan(
    desk: Desk,
    operation: str,
    minutes: int,
    start_at: datetime | None,
    extends: Grant | None,
    *,
    forecasting: bool,
    policy: PolicyAnswer | None = None,
) -> Plan:
    tier = request_tier(OPERATIONS[operation].tier if operation in OPERATIONS else 1, desk.asset_tier)
    policy = policy or _ask_policies(desk, [(operation, minutes)])[0]
    conflicts = duty_conflicts(desk.deeds, operation, tier)
    decision, remedy = _decide(desk, operation, minutes, start_at, tier, extends, policy, conflicts)
    stages, routed = route_for(desk, operation, tier)
    likely = forecast(operation, tier, desk.now) if forecasting and stages else None
    people = {seat.who.user_id for stage in stages for seat in stage.people}
    answer = likely.at if likely else desk.now + timedelta(minutes=sum(stage.answer_minutes for stage in stages))
    # A start or a time that is refused may lie beyond the calendar: the end is told of the most that could be.
    begins = max(min(start_at or answer, desk.now + AHEAD), answer)
    return Plan(
        operation=operation,
        decision=decision,
        remedy=remedy,
        tier=tier,
        max_minutes=TIERS[tier].max_minutes,
        policy=policy,
        stages=stages,
        routed=routed,
        forecast=likely,
        conflicts=conflicts,
        ends_at=begins + timedelta(minutes=min(minutes, TIERS[tier].max_minutes)),
        usual=usual_minutes(people, desk.now - timedelta(days=DAYS)) if forecasting and people else {},
        waits_hours=hours_by_tier().get(tier, HOURS) if forecasting and stages else HOURS,
    )


def _decide(
    desk: Desk,
    operation: str,
    minutes: int,
    start_at: datetime | None,
    tier: int,
    extends: Grant | None,
    policy: PolicyAnswer,
    conflicts: tuple[DutyConflict, ...],
) -> tuple[Decision, str]:
    """Return the first refusal with what would help, or that it may be asked for."""
    refusal = (
        _refused_asset(desk, operation)
        or _refused_time(desk, minutes, start_at, tier)
        or _refused_people(desk)
        or _refused_twice(desk, operation, extends)
        or _refused_stricter(desk, tier)
    )
    if refusal:
        return refused(refusal[0]), refusal[1]
    conflict = refusing(conflicts)
    if conflict is not None:
        return refused(conflict.sentence), "Somebody without this conflict has to do it."
    if not policy.allowed:
        return refused(". ".join(policy.reasons) or "No policy allows this."), " ".join(policy.remedies)
    return ALLOWED, ""


def _refused_asset(desk: Desk, operation: str) -> tuple[str, str] | None:
    if operation not in OPERATIONS or AssetKind(desk.asset.kind) not in OPERATIONS[operation].kinds:
        return "This is not done to this kind of asset.", ""
    if desk.asset.gone_at is not None:
        return f"{desk.asset} is gone: no source shows it any more.", "Import its source again if it still exists."
    return None


def _refused_time(desk: Desk, minutes: int, start_at: datetime | None, tier: int) -> tuple[str, str] | None:
    most = TIERS[tier].max_minutes
    if not 1 <= minutes <= most:
        return f"Tier {tier} access lasts 1 minute to {most // 60} hours.", f"Ask for {most // 60} hours or less."
    if start_at is not None and desk.judged is None:
        if start_at < desk.now - SLACK:
            return "The start lies in the past.", "Leave it empty to start when granted."
        if start_at > desk.now + AHEAD:
            return f"The start lies more than {AHEAD.days} days ahead.", "Ask nearer to the time."
    return None


def _refused_people(desk: Desk) -> tuple[str, str] | None:
    for user in (desk.requester, desk.beneficiary):
        who = desk.who[user.pk]
        if not who.active:
            return f"{who.name} is deactivated.", ""
        if who.kind == User.Kind.PERSON and not who.known:
            return f"{who.name} is linked to no person of the inventory, so duties cannot be judged.", LINK_PERSON
        if who.person_left:
            return f"{who.name} has left the organisation.", ""
    return None


def _refused_twice(desk: Desk, operation: str, extends: Grant | None) -> tuple[str, str] | None:
    number = desk.held.get(operation)
    if number is None or (extends is not None and number == extends.name):
        return None
    if number.startswith("REQ-"):
        return f"This was asked for already ({number}) and waits for an answer.", "Remind who decides, or withdraw it."
    return f"{desk.who[desk.beneficiary.pk].name} has this already ({number}).", "Extend it instead."


def _refused_stricter(desk: Desk, tier: int) -> tuple[str, str] | None:
    """An approval by the route of a looser tier does not carry over when the asset becomes stricter."""
    if desk.judged is not None and tier < desk.judged.tier:
        return f"This needs the care of tier {tier} by now, and was asked as tier {desk.judged.tier}.", "Ask again."
    return None


def route_for(desk: RouteDesk, operation: str, tier: int) -> tuple[tuple[PlannedStage, ...], bool]:
    """Return the stages of the tier and whether distinct, eligible persons can fill them.

    A stage whose rule names nobody eligible, or nobody that earlier stages leave over, asks its fallback. A tier whose
    route has fewer approvals than the tier demands is not routed: a lost row must not make access automatic.
    """
    rows = desk.routes.get(tier, [])
    approvals = sum(row.need for row in rows)
    stages: list[PlannedStage] = []
    for position, row in enumerate(rows, 1):
        stage = _stage(desk, operation, tier, approvals, row, position, row.rule)
        if row.fallback and not _filled((*stages, stage)):
            other = _stage(desk, operation, tier, approvals, row, position, row.fallback)
            stage = other if _filled((*stages, other)) else stage
        stages.append(stage)
    return tuple(stages), _filled(stages) and approvals >= TIERS[tier].approvals


def _filled(stages: Iterable[PlannedStage]) -> bool:
    return distinct_people([(stage.need, list(stage.people)) for stage in stages])


def _stage(
    desk: RouteDesk, operation: str, tier: int, approvals: int, row: RouteStage, position: int, rule: str
) -> PlannedStage:
    seats = desk.bench(operation, tier, approvals, (rule,)).seats()
    return PlannedStage(
        position=position,
        rule=rule,
        need=row.need,
        people=tuple(seats),
        answer_minutes=row.answer_minutes,
        remind_minutes=row.remind_minutes,
        escalate_to=row.escalate_to,
        fell_back=rule != row.rule,
    )
