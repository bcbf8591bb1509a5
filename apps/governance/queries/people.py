"""Who is whom: which person stands behind a user, and whether two users are one person.

Two users are the same person when one inventory Person is linked to both sides, or when an identity of one's person
bears the other's mail or login. What cannot be told is answered by the caller as "no" to whatever was asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Lower

from apps.accounts.models import ApiToken, User
from apps.inventory.models import Identity, Person
from apps.inventory.states import PersonStatus


@dataclass(frozen=True, slots=True)
class Who:
    """A user with the person behind it and every mail and login that person is known by, in lower case."""

    user_id: UUID
    name: str
    kind: str
    active: bool
    addresses: frozenset[str]
    person_id: UUID | None = None
    person_left: bool = False
    team_id: int | None = None
    job_title: str = ""
    keepers: frozenset[UUID] = field(default_factory=frozenset)

    @property
    def known(self) -> bool:
        """Return whether a person of the inventory stands behind the user."""
        return self.person_id is not None

    def same_as(self, other: "Who") -> bool:
        """Return whether both users are one person, as far as is known."""
        if self.user_id == other.user_id:
            return True
        if self.person_id is not None and self.person_id == other.person_id:
            return True
        return not self.addresses.isdisjoint(other.addresses)


def who_are(user_ids: Iterable[UUID]) -> dict[UUID, Who]:
    """Return who stands behind each user. Four queries, however many users.

    `keepers` are the users who made a service account's tokens and so can act as it.
    """
    ids = frozenset(user_ids)
    people = {p.user_id: p for p in Person.objects.filter(user_id__in=ids)}
    addresses: dict[UUID, set[str]] = {}
    rows = Identity.objects.filter(person__user_id__in=ids, gone_at__isnull=True).annotate(
        mail=Lower("email"), account=Lower("login")
    )
    for user_id, mail, account in rows.values_list("person__user_id", "mail", "account"):
        addresses.setdefault(user_id, set()).update((mail, account))
    keepers: dict[UUID, set[UUID]] = {}
    tokens = ApiToken.objects.filter(Q(user_id__in=ids), user__kind=User.Kind.SERVICE, created_by__isnull=False)
    for user_id, maker in tokens.values_list("user_id", "created_by_id"):
        keepers.setdefault(user_id, set()).add(maker)
    return {
        user.pk: _who(user, people.get(user.pk), addresses.get(user.pk, set()), keepers.get(user.pk, set()))
        for user in User.objects.filter(pk__in=ids)
    }


def users_with(addresses: Iterable[str]) -> frozenset[UUID]:
    """Return the users who sign in with one of these mails or logins, or whose person has an account that bears one.

    Two queries; none without an address.
    """
    wanted = {address.lower() for address in addresses if address}
    if not wanted:
        return frozenset()
    own = User.objects.alias(mail=Lower("email")).filter(mail__in=wanted).values_list("pk", flat=True)
    rows = Identity.objects.present().filter(person__user__isnull=False).alias(mail=Lower("email"), own=Lower("login"))
    theirs = rows.filter(Q(mail__in=wanted) | Q(own__in=wanted)).values_list("person__user_id", flat=True)
    return frozenset({*own, *(pk for pk in theirs if pk is not None)})


def is_among(user_id: UUID | None, others: Iterable[UUID | None], known: Mapping[UUID, Who] | None = None) -> bool:
    """Return whether a user is one of the others, by this account or by another one of the same person.

    Four queries; none where `known` has all of them.
    """
    ids = {pk for pk in others if pk is not None}
    if user_id is None or user_id in ids or not ids:
        return user_id in ids
    people = who_are({user_id, *ids}) if known is None else known
    me = people.get(user_id)
    return me is not None and any(me.same_as(people[pk]) for pk in ids if pk in people)


def same_persons(ids: frozenset[UUID], among: frozenset[UUID]) -> frozenset[UUID]:
    """Return who of `among` is one person with any of the users (`core.persons`). Four queries."""
    if not ids or not among:
        return frozenset()
    people = who_are(ids | among)
    return frozenset(pk for pk in among if is_among(pk, ids, people))


def _who(user: User, person: Person | None, addresses: set[str], keepers: set[UUID]) -> Who:
    known = {user.email.lower(), *addresses, *((person.email.lower(),) if person else ())}
    return Who(
        user_id=user.pk,
        name=user.name or user.email,
        kind=user.kind,
        active=user.is_active,
        addresses=frozenset(value for value in known if value),
        person_id=person.pk if person else None,
        person_left=bool(person and person.status == PersonStatus.LEFT),
        team_id=person.team_id if person else None,
        job_title=person.job_title if person else "",
        keepers=frozenset(keepers),
    )
