"""Who may decide about access, from standing roles only, asked anew at each decision.

Standing are: confirmed owner of the asset, manager of a team, CISO, security administrator. What a grant gives is none
of them. Whoever came into their place after the request was made does not decide about it (a group just joined is the
oldest trick), which the audit log tells.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from apps.access.models import Asked, Delegation, Vote
from apps.access.queries.people import Who, who_are
from apps.access.states import ApproverRule, Choice
from apps.accounts.models import TeamMembership, User
from apps.accounts.queries import role_holders
from apps.audit.models import Entry
from apps.core.actor import Role
from apps.inventory.models import Asset
from apps.inventory.states import AssetKind

#: Audit events that put a user into a place from which approvals follow.
_PLACING = (
    "accounts.user.created",
    "accounts.membership.changed",
    "accounts.role.confirmed",
    "accounts.role.given",
    "accounts.user.reactivated",
    "inventory.user.linked",
    "inventory.person.split",
    "inventory.people.merged",
)
UNLINKED = (
    "Your sign-in is linked to no person of the inventory, so nobody can tell that you are not the one who asked. "
    "A security administrator links it under People."
)


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who may fill a stage: by an own standing role, or in place of `on_behalf_of` who is away."""

    who: Who
    why: str
    on_behalf_of: Who | None = None

    @property
    def people(self) -> tuple[Who, ...]:
        """Return both persons of the seat: a vote of either counts for both."""
        return (self.who, self.on_behalf_of) if self.on_behalf_of else (self.who,)


@dataclass(frozen=True, slots=True)
class Matter:
    """What is decided: the access, who is a party to it, since when it is asked, and how many approvals it takes."""

    asset: Asset
    operation: str
    tier: int
    requester: Who
    beneficiary: Who
    opened_at: datetime
    approvals: int

    @property
    def parties(self) -> tuple[Who, Who]:
        """Return requester and beneficiary."""
        return (self.requester, self.beneficiary)


@dataclass(slots=True)
class Bench:
    """Everyone a set of rules names, with the facts that bar some of them."""

    matter: Matter
    holders: dict[UUID, str]
    delegations: list[Delegation]
    who: dict[UUID, Who]
    placed: frozenset[UUID]
    delegates_of_parties: dict[UUID, str]
    owner_since: dict[UUID, datetime] = field(default_factory=dict)

    def barred(self, user_id: UUID) -> str:
        """Return why this user may not decide, empty when nothing bars them."""
        who = self.who.get(user_id)
        if who is None or not who.active or who.person_left:
            return "This account is deactivated, or its person has left."
        if who.kind != User.Kind.PERSON:
            return "A service account does not approve."
        if not who.known:
            return UNLINKED
        if who.same_as(self.matter.requester):
            return "You asked for this yourself; somebody else decides."
        if who.same_as(self.matter.beneficiary):
            return "This access would be yours; somebody else decides."
        if user_id in self.delegates_of_parties:
            return f"You decide for {self.delegates_of_parties[user_id]}, who asked for this or would have it."
        return self._keeps(who) or self._came_later(who)

    def _keeps(self, who: Who) -> str:
        """An agent's or service account's keeper is never its sole approver."""
        if self.matter.approvals > 1:
            return ""
        kept = {keeper for party in self.matter.parties for keeper in party.keepers}
        if who.user_id in kept:
            return "You keep the service account this is for, so yours cannot be the only approval."
        asset = self.matter.asset
        owns_agent = asset.kind == AssetKind.AGENT and asset.owner is not None and asset.owner_id == who.person_id
        if owns_agent and self.matter.operation == "agent.grant_tool":
            return "You own the agent this is for, so yours cannot be the only approval."
        return ""

    def _came_later(self, who: Who) -> str:
        opened = self.matter.opened_at
        since = self.owner_since.get(who.user_id) if self.holders.get(who.user_id) == ApproverRule.ASSET_OWNER else None
        if who.user_id in self.placed or (since is not None and since > opened):
            return "Your account, role or team is younger than this request; somebody who was there before decides."
        return ""

    def seats(self, taken: Collection[Who] = ()) -> list[Seat]:
        """Return who may decide, without anyone who is the same person as one of `taken`, by name."""
        own = [Seat(self.who[pk], rule) for pk, rule in self.holders.items() if not self.barred(pk)]
        placed = {seat.who.user_id for seat in own}
        away = [
            Seat(self.who[row.delegate_id], "delegation", self.who[row.delegator_id])
            for row in self.delegations
            if row.delegator_id in placed and row.delegate_id not in placed and not self.barred(row.delegate_id)
        ]
        free = [seat for seat in (*own, *away) if not any(a.same_as(b) for a in seat.people for b in taken)]
        unique = {seat.who.user_id: seat for seat in reversed(free)}
        return sorted(unique.values(), key=lambda seat: (seat.who.name, str(seat.who.user_id)))

    def why_not(self, user_id: UUID, taken: Collection[Who] = ()) -> str:
        """Return why this user has no seat, empty when they have one."""
        if any(seat.who.user_id == user_id for seat in self.seats(taken)):
            return ""
        reason = self.barred(user_id) if user_id in self.who else ""
        if reason:
            return reason
        if any(seat.who.user_id == user_id for seat in self.seats()):
            return "You, or the person you decide for, have decided about this already."
        return "You are not among those who decide about this."


def holders(rules: Iterable[str], asset: Asset, beneficiary: Who) -> dict[UUID, str]:
    """Return the active users that approver rules name, each with the first rule that does. At most a query a rule."""
    found: dict[UUID, str] = {}
    for rule in rules:
        for user_id in _HOLDERS[ApproverRule(rule)](asset, beneficiary):
            found.setdefault(user_id, rule)
    return found


def owner_user(asset: Asset) -> tuple[UUID, datetime] | None:
    """Return the confirmed owner's user and since when, of the asset or else of its model; claims confer nothing."""
    for one in (asset, asset.parent):
        if one is not None and one.owner is not None and one.owner.user_id and one.owner_confirmed_at:
            return one.owner.user_id, one.owner_confirmed_at
    return None


def _owners(asset: Asset, beneficiary: Who) -> Iterable[UUID]:
    owner = owner_user(asset)
    return () if owner is None else (owner[0],)


def _managers(teams: Iterable[int]) -> Iterable[UUID]:
    rows = TeamMembership.objects.filter(team_id__in=list(teams), manages=True, user__is_active=True)
    return rows.filter(user__groups__name=Role.MANAGER.value).values_list("user_id", flat=True)


def _person_managers(asset: Asset, beneficiary: Who) -> Iterable[UUID]:
    return _managers(TeamMembership.objects.filter(user_id=beneficiary.user_id).values_list("team_id", flat=True))


def _asset_managers(asset: Asset, beneficiary: Who) -> Iterable[UUID]:
    team = asset.team_id or (asset.parent.team_id if asset.parent else None)
    return _managers([team]) if team else ()


_HOLDERS = {
    ApproverRule.ASSET_OWNER: _owners,
    ApproverRule.MANAGER: _person_managers,
    ApproverRule.TEAM_MANAGER: _asset_managers,
    ApproverRule.CISO: lambda asset, beneficiary: role_holders(Role.CISO).values_list("pk", flat=True),
    ApproverRule.SECURITY_ADMIN: lambda asset, beneficiary: role_holders(Role.SECURITY_ADMIN).values_list(
        "pk", flat=True
    ),
}


def live_delegations(now: datetime) -> Q:
    """Return the condition of delegations in force at `now`."""
    return Q(ended_at__isnull=True, from_at__lte=now, until_at__gt=now)


def bench(matter: Matter, rules: Iterable[str], now: datetime, also: Iterable[UUID] = ()) -> Bench:
    """Return everyone the rules name for this matter, and what bars them. At most 13 queries.

    `also` are users whose facts the caller needs too, for example to say why they may not decide.
    """
    named = holders(rules, matter.asset, matter.beneficiary)
    rows = list(Delegation.objects.filter(live_delegations(now)).select_related("delegator", "delegate"))
    standing_in = [row for row in rows if row.delegator_id in named and row.strictest_tier <= matter.tier]
    ids = {*named, *(row.delegate_id for row in standing_in), *also}
    parties = {party.user_id for party in matter.parties}
    who = who_are(ids)
    owner = owner_user(matter.asset)
    return Bench(
        matter=matter,
        holders=named,
        delegations=standing_in,
        who=who,
        placed=_placed_after(who.values(), matter.opened_at),
        delegates_of_parties={row.delegate_id: row.delegator.name for row in rows if row.delegator_id in parties},
        owner_since=dict([owner]) if owner else {},
    )


def _placed_after(people: Iterable[Who], opened_at: datetime) -> frozenset[UUID]:
    """Return the users whom the audit log shows put into a place after `opened_at`. One query."""
    known = list(people)
    users = {str(who.user_id): who.user_id for who in known}
    persons = {str(who.person_id): who.user_id for who in known if who.person_id}
    of_user = Q(subject_kind="user", subject_id__in=list(users))
    of_person = Q(subject_kind="person", subject_id__in=list(persons))
    rows = Entry.objects.filter(of_user | of_person, action__in=_PLACING, at__gt=opened_at, outcome="done")
    found = rows.values_list("subject_kind", "subject_id").distinct()
    return frozenset(users[pk] if kind == "user" else persons[pk] for kind, pk in found)


def usual_minutes(user_ids: Iterable[UUID], since: datetime) -> dict[UUID, int]:
    """Return each approver's median minutes from being asked to deciding, since then. One query."""
    same = {"request_id": OuterRef("request_id"), "stage": OuterRef("stage"), "user_id": OuterRef("voter_id")}
    asked = Asked.objects.filter(**same)
    votes = Vote.objects.filter(voter_id__in=list(user_ids), at__gte=since).exclude(choice=Choice.WITHDRAW)
    times: dict[UUID, list[float]] = {}
    for voter, at, begun in votes.annotate(begun=Subquery(asked.values("since")[:1])).values_list(
        "voter_id", "at", "begun"
    ):
        if begun is not None:
            times.setdefault(voter, []).append((at - begun).total_seconds() / 60)
    return {voter: max(1, round(median(found))) for voter, found in times.items()}


def distinct_people(stages: Iterable[tuple[int, list[Seat]]]) -> bool:
    """Return whether all stages (how many are needed, who may) can be filled by distinct persons.

    Delegates add nobody: a vote of theirs is their delegator's too.
    """
    places = [[s.who for s in seats if s.on_behalf_of is None] for need, seats in stages for _ in range(need)]
    filled: dict[int, Who] = {}

    def place(index: int, tried: set[UUID]) -> bool:
        for who in places[index]:
            if who.user_id in tried:
                continue
            tried.add(who.user_id)
            holding = next((i for i, other in filled.items() if other.same_as(who)), None)
            if holding is None or (holding < index and place(holding, tried)):
                filled[index] = who
                return True
        return False

    return all(place(index, set()) for index in range(len(places)))
