"""Who is asked about an item: the people in line for a stage, first those its rule names."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

from apps.accounts.models import User
from apps.core.actor import Role
from apps.reviews.queries.independence import Who
from apps.reviews.states import Fallback, ReviewerRule, Routed

#: For which items, and who: the one that a path from the item leads to, or the same one for all of them.
Step = tuple[Q, Who]
Rung = tuple[Routed, Q, Who]
_ANY = Q()
_MANAGER, _OWNER, _HOLDER = "holder_person__manager__user", "asset__owner__user", "holder_user"
_ABOVE = "reviewer__person__manager__user"
#: Those who manage a team: several, the first of whom who may is asked.
_TEAMS = ("holder_person__team__memberships", "asset__team__memberships")
_TEAM_MANAGER, _ASSET_TEAM_MANAGER = (f"{teams}__user" for teams in _TEAMS)


def _people() -> QuerySet[User]:
    return User.objects.filter(is_active=True, kind=User.Kind.PERSON)


def works_here(who: Who) -> Q:
    """Return whether whoever a path leads to may be asked at all: an active person, who manages where that is asked."""
    if not isinstance(who, str):
        return _ANY
    manages = {f"{teams}__manages": True for teams in _TEAMS if who.startswith(teams)}
    # That there is somebody is said for the planner too: it begins with the few persons who sign in.
    some = {f"{who}__isnull": False, f"{who}__is_active": True, f"{who}__kind": User.Kind.PERSON}
    return Q(**manages, **some)


def several(who: Who) -> str:
    """Return the path to the rows of which the first is asked, where a path leads to several people; else nothing."""
    return next((teams for teams in _TEAMS if isinstance(who, str) and who.startswith(teams)), "")


def _spread(users: QuerySet[User]) -> list[Step]:
    """Put several people in line for a share of the items each, and after that any of them for what is left."""
    ids = list(users.order_by("pk").values_list("pk", flat=True).distinct())
    shares = [Q(Exact(Mod(F("number"), Value(len(ids))), place)) for place in range(len(ids))] if len(ids) > 1 else []
    return [*zip(shares, ids, strict=False), *((_ANY, user) for user in ids)]


def _with_role(role: str) -> list[Step]:
    return _spread(_people().filter(groups__name=role))


def ladder(stage: Mapping[str, Any]) -> Sequence[Rung]:
    """Return who is asked in a stage, in line: how it is recorded, for which items, and who."""
    managers: list[Step] = [(_ANY, _MANAGER), (_ANY, _TEAM_MANAGER)]
    owners: list[Step] = [(_ANY, _OWNER), (_ANY, _ASSET_TEAM_MANAGER)]
    lines: dict[ReviewerRule, tuple[list[Step], list[Step]]] = {
        ReviewerRule.MANAGER: (managers, owners),
        ReviewerRule.OWNER: (owners, managers),
        ReviewerRule.GROUP: (_spread(_people().filter(pk__in=stage.get("group", []))), []),
        ReviewerRule.SELF: ([(_ANY, _HOLDER)], managers),
    }
    first, then = lines[ReviewerRule(stage["reviewer"])]
    chosen = Fallback(stage.get("fallback") or Fallback.CISO)
    roles = sorted((Role.CISO, Role.SECURITY_ADMIN), key=lambda role: role.value != chosen.value)
    fallbacks = [step for role in roles for step in _with_role(role.value)]
    named = ((Routed.RULE, first), (Routed.LADDER, then), (Routed.FALLBACK, fallbacks))
    return [(why, where, who) for why, steps in named for where, who in steps]


def escalation() -> Sequence[Step]:
    """Return who answers for a reviewer that did not: their manager, then CISO and security administrators."""
    return [(_ANY, _ABOVE), *_with_role(Role.CISO.value), *_with_role(Role.SECURITY_ADMIN.value)]


def stage_of(stages: Sequence[Mapping[str, Any]], number: int) -> Mapping[str, Any]:
    """Return the terms of a stage, 1-based."""
    return stages[number - 1]
