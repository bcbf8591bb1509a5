"""For whom somebody may ask besides themselves."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import TeamMembership, User
from apps.core.actor import Actor, Role
from apps.core.errors import NotFound

FOUND = 12


def may_ask_for(actor: Actor) -> QuerySet[User]:
    """Return the active users a person, or a program of their teams, may ask for besides themselves, by name.

    It is `rules.requests.can_request` as a query; a test holds the two together. No query when nobody can be meant.
    """
    managed = actor.managed_team_ids if actor.has(Role.MANAGER) else frozenset()
    if actor.kind not in User.Kind.values or actor.user_id is None or not (managed or actor.team_ids):
        return User.objects.none()
    places = TeamMembership.objects.filter(user_id=OuterRef("pk"))
    led = Exists(places.filter(team_id__in=managed))
    near = Q(Exists(places.filter(team_id__in=actor.team_ids)))
    kept = near if actor.kind == User.Kind.SERVICE else near & Q(kind=User.Kind.SERVICE)
    rows = User.objects.filter(Q(led) | kept, is_active=True).exclude(pk=actor.user_id)
    return rows.order_by("name", "email", "pk")


def search(actor: Actor, text: str) -> list[User]:
    """Return those of them whose name or mail has the words, the first few when none are given. One query."""
    words = "".join(character for character in text if character.isprintable()).strip()[:200]
    rows = may_ask_for(actor)
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(email__icontains=words))
    return list(rows[:FOUND])


def find_beneficiary(actor: Actor, text: str) -> User:
    """Return who is asked for, by id. Raises NotFound, also for somebody the actor may not ask for. One query."""
    try:
        wanted = UUID(text)
    except ValueError:
        raise NotFound("There is no such person, or you may not ask for them.") from None
    found = may_ask_for(actor).filter(pk=wanted).first()
    if found is None:
        raise NotFound("There is no such person, or you may not ask for them.")
    return found
