"""What the pages show that join people, divide them, and link them to users."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.queries import users_visible_to
from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.inventory.models import Asset, Person
from apps.inventory.queries.people import list_people

SHOWN = 25


@dataclass(frozen=True, slots=True)
class Moving:
    """What belongs to a person besides identities, and would be another's after a merge."""

    records: int
    assets: int
    reports: int


def merge_candidates(actor: Actor, person: Person, text: str) -> QuerySet[Person]:
    """Return other people whose name or mail holds the text; without one those who have the same name or mail."""
    rows = list_people(actor).exclude(pk=person.pk).order_by("name", "pk")
    if text:
        return rows.filter(Q(name__icontains=text) | Q(email__icontains=text))[:SHOWN]
    alike = Q(name__iexact=person.name)
    if person.email:
        alike |= Q(email__iexact=person.email)
    return rows.filter(alike)[:SHOWN]


def moving(person: Person) -> Moving:
    """Return how much else moves with a person; three queries."""
    return Moving(
        records=person.records.count(),
        assets=Asset.objects.present().filter(owner=person).count(),
        reports=person.reports.count(),
    )


def link_candidates(actor: Actor, text: str) -> QuerySet[User]:
    """Return active users who sign in, whose name or address holds the text, each with the person they are."""
    rows = users_visible_to(actor).filter(kind=User.Kind.PERSON, is_active=True)
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(email__icontains=text))
    return rows.select_related("person").order_by("name", "pk")[:SHOWN]


def find_user(actor: Actor, key: UUID) -> User:
    """Return a user with the person they are. Raises NotFound, also for one not visible."""
    found = users_visible_to(actor).select_related("person").filter(pk=key).first()
    if found is None:
        raise NotFound("There is no such user.")
    return found
