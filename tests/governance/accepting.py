"""A small world for exceptions: TS-01 fails for an identity of the owner's team, TS-02 is met and compensates."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import Group

from apps.accounts.models import TeamMembership, User
from apps.core import clock
from apps.core.actor import Actor, Role, Strength
from apps.governance.models import RiskException
from apps.governance.services.asking import ask
from apps.governance.services.signing import sign
from apps.inventory.models import Identity
from apps.posture.models import Finding
from tests.cast import Cast
from tests.factories import make_identity, make_person, make_source
from tests.posture.conftest import run_now


@dataclass
class World:
    """The cast, a subject, its finding, and short words for what tests do."""

    cast: Cast
    subject: Identity
    other: Identity

    def actor(self, name: str, *, age: timedelta = timedelta(0), strength: Strength = Strength.SECOND_FACTOR) -> Actor:
        """Return a member as an actor whose second factor was proven `age` ago."""
        return replace(self.cast.actor(name, strength), authenticated_at=clock.now() - age)

    def finding(self, subject: Identity | None = None, check: str = "TS-01") -> Finding:
        """Return the finding of a check about a subject."""
        return Finding.objects.get(check_id=check, subject_id=(subject or self.subject).pk)

    def option(self) -> str:
        """Return how a form names the check that compensates."""
        return f"TS-02:identity:{self.subject.pk}"

    def ask(self, by: str = "owner", **fields: Any) -> RiskException:
        """Ask for an exception from the finding, for 20 days unless told otherwise."""
        defaults: dict[str, Any] = {
            "kind": "finding", "key": str(self.finding().pk), "reason": "Replaced next month",
            "compensating": self.option(), "ends_on": self.day(20),
        }  # fmt: skip
        made: RiskException = ask(actor=fields.pop("actor", None) or self.actor(by), **{**defaults, **fields}).value
        return made

    def day(self, days: int) -> date:
        """Return a day from today."""
        return clock.now().date() + timedelta(days=days)

    def sign(self, by: str, row: RiskException) -> RiskException:
        """Sign, and return the exception as it is then."""
        sign(actor=self.actor(by), exception=row)
        return RiskException.objects.get(pk=row.pk)

    def active(self, **fields: Any) -> RiskException:
        """Return an exception that manager and CISO signed."""
        return self.sign("ciso", self.sign("manager", self.ask(**fields)))

    def say(self, subject: Identity, **outcomes: str) -> None:
        """Write what the checks will find: `ts01` and `ts02`."""
        fields = {{"ts01": "job_title", "ts02": "email"}[name]: outcome for name, outcome in outcomes.items()}
        Identity.objects.filter(pk=subject.pk).update(**fields)


def build(cast: Cast) -> World:
    """Return the world after a run; the checks of tests.posture.conftest must be in use."""
    person = make_person(
        name="Priya Raman",
        email="owner@fenwick.example",
        user=cast.users["owner"],
        team=cast.teams["Model Engineering"],
    )
    source = make_source(name="scripted")
    subject = make_identity(source=source, name="scripted.subject", job_title="failing", email="met")
    other = make_identity(source=source, name="scripted.other", job_title="met", email="met")
    world = World(cast, subject, other)
    run_now()
    Finding.objects.filter(subject_id=subject.pk).update(owner=person)
    return world


def add_user(cast: Cast, key: str, role: Role, team: str = "", *, email: str = "", manages: bool = False) -> User:
    """Add one more user to the cast."""
    user = User.objects.create_user(email or f"{key}@fenwick.example", "correct horse battery", name=key)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    if team:
        TeamMembership.objects.create(user=user, team=cast.teams[team], manages=manages)
    cast.users[key] = user
    return user
