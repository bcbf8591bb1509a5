"""What other routes would have meant for the requests of the last 90 days.

Each request is put to both sets of routes at its own tier, with the people, roles and owners of today. Everything is
read once, so that the number of queries does not depend on the number of requests.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.access.models import AccessRequest, Delegation, RouteStage, Tiers
from apps.access.policies.replay import LISTED, WINDOW, replayable
from apps.access.queries.approvers import Bench, Matter, live_delegations, owner_user
from apps.access.queries.people import Who, who_are
from apps.access.queries.plan import PlannedStage, route_for
from apps.access.queries.routes import label_of
from apps.access.states import ApproverRule
from apps.accounts.models import TeamMembership
from apps.accounts.queries import role_holders
from apps.core.actor import Role
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset


def rows_of(tiers: Tiers) -> dict[int, list[RouteStage]]:
    """Return routes as the stages that plans read, unsaved. No query."""
    return {
        int(tier): [
            RouteStage(tier=int(tier), position=position, **stage) for position, stage in enumerate(route["stages"], 1)
        ]
        for tier, route in tiers.items()
    }


@dataclass(slots=True)
class Facts:
    """Who is who, who holds which place, and the assets, of all replayed requests together."""

    who: dict[UUID, Who]
    teams: dict[UUID, list[int]]
    managers: dict[int, list[UUID]]
    holders: dict[str, list[UUID]]
    standing_in: dict[UUID, dict[UUID, str]]
    assets: dict[UUID, Asset]


@dataclass(slots=True)
class ReplayDesk:
    """The facts of one request, as `plan.route_for` asks for them."""

    facts: Facts
    request: AccessRequest
    routes: dict[int, list[RouteStage]]
    now: datetime

    def bench(self, operation: str, tier: int, approvals: int, rules: tuple[str, ...]) -> Bench:
        """Return who the rules name, and what bars them. No query."""
        facts, request = self.facts, self.request
        requester, beneficiary = facts.who[request.requester_id], facts.who[request.beneficiary_id]
        asset = facts.assets[request.asset_id]
        named: dict[UUID, str] = {}
        for rule in rules:
            for user_id in self._named(ApproverRule(rule), asset):
                named.setdefault(user_id, rule)
        in_place = {**facts.standing_in.get(requester.user_id, {}), **facts.standing_in.get(beneficiary.user_id, {})}
        matter = Matter(asset, operation, tier, requester, beneficiary, self.now, approvals)
        return Bench(matter, named, [], facts.who, frozenset(), in_place)

    def _named(self, rule: ApproverRule, asset: Asset) -> Iterable[UUID]:
        if rule == ApproverRule.ASSET_OWNER:
            owner = owner_user(asset)
            return () if owner is None else (owner[0],)
        if rule == ApproverRule.MANAGER:
            teams: Iterable[int | None] = self.facts.teams.get(self.request.beneficiary_id, ())
        elif rule == ApproverRule.TEAM_MANAGER:
            teams = (asset.team_id or (asset.parent.team_id if asset.parent else None),)
        else:
            return self.facts.holders[rule]
        return (user_id for team in teams if team for user_id in self.facts.managers.get(team, ()))


@dataclass(slots=True)
class RouteSide:
    """One kind of effect: how many requests, and the newest of them."""

    count: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)

    def add(self, request: AccessRequest, why: str) -> None:
        """Count a request, listing it while there is room."""
        self.count += 1
        if len(self.requests) < LISTED:
            said = {"number": request.number, "operation": request.operation, "asset": request.asset_label}
            self.requests.append({**said, "why": [why]})


def route_effect(before: Tiers, after: Tiers, now: datetime) -> dict[str, Any]:
    """Return what `after` would have changed: requests on a different route, newly without and newly with enough
    approvers. At most 14 queries, however many requests."""
    requests = [request for request in replayable(now) if request.operation in OPERATIONS]
    facts = _facts(requests, now)
    sides = {"different": RouteSide(), "stranded": RouteSide(), "helped": RouteSide()}
    old_rows, new_rows = rows_of(before), rows_of(after)
    for request in requests:
        was, could = _routed(facts, request, old_rows, now)
        would, can = _routed(facts, request, new_rows, now)
        if _words(was) != _words(would):
            sides["different"].add(request, f"{_words(was)} → {_words(would)}")
        if could and not can:
            sides["stranded"].add(request, _words(would))
        elif can and not could:
            sides["helped"].add(request, _words(would))
    kept = {name: {"count": side.count, "requests": side.requests} for name, side in sides.items()}
    return {"since": (now - WINDOW).isoformat(), "requests": len(requests), **kept}


def _routed(
    facts: Facts, request: AccessRequest, rows: dict[int, list[RouteStage]], now: datetime
) -> tuple[Sequence[PlannedStage], bool]:
    return route_for(ReplayDesk(facts, request, rows, now), request.operation, request.tier)


def _words(stages: Sequence[PlannedStage]) -> str:
    return ", then ".join(f"{s.need} × {label_of(s.rule)}" if s.need > 1 else label_of(s.rule) for s in stages) or (
        "automatic"
    )


def _facts(requests: list[AccessRequest], now: datetime) -> Facts:
    parties = {pk for request in requests for pk in (request.requester_id, request.beneficiary_id)}
    assets = Asset.objects.select_related("owner", "parent__owner").in_bulk({r.asset_id for r in requests})
    managers: dict[int, list[UUID]] = {}
    placed = TeamMembership.objects.filter(manages=True, user__is_active=True, user__groups__name=Role.MANAGER.value)
    for team_id, user_id in placed.values_list("team_id", "user_id"):
        managers.setdefault(team_id, []).append(user_id)
    teams: dict[UUID, list[int]] = {}
    for user_id, team_id in TeamMembership.objects.filter(user_id__in=parties).values_list("user_id", "team_id"):
        teams.setdefault(user_id, []).append(team_id)
    holders = {
        rule: list(role_holders(role).values_list("pk", flat=True))
        for rule, role in ((ApproverRule.CISO, Role.CISO), (ApproverRule.SECURITY_ADMIN, Role.SECURITY_ADMIN))
    }
    standing_in: dict[UUID, dict[UUID, str]] = {}
    for row in Delegation.objects.filter(live_delegations(now), delegator_id__in=parties).select_related("delegator"):
        standing_in.setdefault(row.delegator_id, {})[row.delegate_id] = row.delegator.name
    owners = {owner[0] for asset in assets.values() if (owner := owner_user(asset)) is not None}
    everyone = {*parties, *owners, *(pk for rows in (*managers.values(), *holders.values()) for pk in rows)}
    return Facts(who_are(everyone), teams, managers, {str(k): v for k, v in holders.items()}, standing_in, assets)
