"""Who is asked about an item: the people in line for a stage, first those its rule names."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

from apps.accounts.models import User
from apps.core.actor import Role
from apps.reviews.states import Fallback, ReviewerRule, Routed

#: For which items, and the users (correlated with the item, or the same for all).
Step = tuple[Q, "QuerySet[User]"]
Rung = tuple[Routed, Q, "QuerySet[User]"]
_HAS_PERSON, _HAS_ASSET, _ANY = Q(holder_person__isnull=False), Q(asset__isnull=False), Q()


def _people() -> QuerySet[User]:
    return User.objects.filter(is_active=True, kind=User.Kind.PERSON)


def _spread(users: QuerySet[User]) -> list[Step]:
    """Put several people in line for a share of the items each, and after that any of them for what is left."""
    ids = list(users.order_by("pk").values_list("pk", flat=True).distinct())
    anyone = (_ANY, _people().filter(pk__in=ids).order_by("pk"))
    if len(ids) < 2:
        return [anyone]
    shares = [Q(Exact(Mod(F("number"), Value(len(ids))), place)) for place in range(len(ids))]
    return [*((share, _people().filter(pk=user)) for share, user in zip(shares, ids, strict=True)), anyone]


def _manager() -> QuerySet[User]:
    return _people().filter(person__reports=OuterRef("holder_person_id"))


def _team_manager() -> QuerySet[User]:
    rows = _people().filter(memberships__manages=True, memberships__team__people=OuterRef("holder_person_id"))
    return rows.order_by("memberships__pk")


def _owner() -> QuerySet[User]:
    return _people().filter(person__assets=OuterRef("asset_id"))


def _asset_team_manager() -> QuerySet[User]:
    rows = _people().filter(memberships__manages=True, memberships__team__assets=OuterRef("asset_id"))
    return rows.order_by("memberships__pk")


def _with_role(role: str) -> list[Step]:
    return _spread(_people().filter(groups__name=role))


def ladder(stage: Mapping[str, Any]) -> Sequence[Rung]:
    """Return who is asked in a stage, in line: how it is recorded, for which items, and the users (correlated)."""
    managers = [(_HAS_PERSON, _manager()), (_HAS_PERSON, _team_manager())]
    owners = [(_HAS_ASSET, _owner()), (_HAS_ASSET, _asset_team_manager())]
    first, then = {
        ReviewerRule.MANAGER: (managers, owners),
        ReviewerRule.OWNER: (owners, managers),
        ReviewerRule.GROUP: (_spread(_people().filter(pk__in=stage.get("group", []))), []),
        ReviewerRule.SELF: ([(_ANY, _people().filter(pk=OuterRef("holder_user_id")))], managers),
    }[ReviewerRule(stage["reviewer"])]
    chosen = Fallback(stage.get("fallback") or Fallback.CISO)
    roles = sorted((Role.CISO, Role.SECURITY_ADMIN), key=lambda role: role.value != chosen.value)
    fallbacks = [step for role in roles for step in _with_role(role.value)]
    named = ((Routed.RULE, first), (Routed.LADDER, then), (Routed.FALLBACK, fallbacks))
    return [(why, where, users) for why, rungs in named for where, users in rungs]


def escalation() -> Sequence[tuple[Q, QuerySet[User]]]:
    """Return who answers for a reviewer that did not: their manager, then CISO and security administrators."""
    above = _people().filter(person__reports__user_id=OuterRef("reviewer_id"))
    return [(_ANY, above), *_with_role(Role.CISO.value), *_with_role(Role.SECURITY_ADMIN.value)]


def stage_of(stages: Sequence[Mapping[str, Any]], number: int) -> Mapping[str, Any]:
    """Return the terms of a stage, 1-based."""
    return stages[number - 1]
