"""The people of a review at size: managers with reports, an owner of removals, and standing access to certify."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import connection

from apps.accounts.models import Team, TeamMembership, User
from apps.accounts.queries import actor_for
from apps.core.actor import Actor, Role, Strength
from apps.inventory.models import Person
from bench.data import numbered

#: So many people hold about 100,000 accesses that a review takes in.
REPORTS = 19_200
MANAGERS, DIRECTORS = 40, 4
TEAM = "Bench reviews"


@dataclass(frozen=True, slots=True)
class World:
    """Who runs the review, who answers, and the team whose people are in its scope."""

    ciso: User
    managers: list[User]
    team: Team

    def actor(self, user: User) -> Actor:
        """Return a person who signed in with a second factor."""
        return actor_for(user, origin="127.0.0.1", strength=Strength.SECOND_FACTOR, request_id="bench")


def build() -> World:
    """Return the world; the same one when it is there already."""
    ciso = _person("ciso@fenwick.example", "Dana Whitlock", Role.CISO)
    _person("admin@bench.invalid", "Administrator", Role.SECURITY_ADMIN)
    team, new = Team.objects.get_or_create(name=TEAM)
    directors = [_person(f"director-{n}@bench.invalid", f"Director {n}", Role.MANAGER) for n in range(DIRECTORS)]
    above = [Person.objects.get(user=user).pk for user in directors]
    managers = [_person(f"manager-{n}@bench.invalid", f"Manager {n}", Role.MANAGER) for n in range(MANAGERS)]
    if new:
        for number, user in enumerate(managers):
            Person.objects.filter(user=user).update(manager_id=above[number % DIRECTORS])
            TeamMembership.objects.create(user=user, team=team)
        _employ([Person.objects.get(user=user).pk for user in managers], team)
    return World(ciso, managers, team)


def _person(email: str, name: str, role: Role) -> User:
    user, new = User.objects.get_or_create(email=email, defaults={"name": name})
    if new:
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    Person.objects.get_or_create(user=user, defaults={"name": name, "email": email, "status": "active"})
    return user


def _employ(managers: list[UUID], team: Team) -> None:
    """Half of the people are in small teams, of whose access one can say that few have it; of the others one cannot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_person p SET team_id = %s, manager_id = (%s::uuid[])[1 + n %% %s],"
            " team_name = CASE WHEN n %% 2 = 0 THEN 'Team ' || n / 100 ELSE '' END"
            f" FROM generate_series(0, {REPORTS - 1}) n WHERE p.id = {numbered('p', 'n')}",
            [team.pk, managers, MANAGERS],
        )
        cursor.execute("VACUUM ANALYZE inventory_person")
