"""Directory accounts: who has one, how they prove themselves, and when they were last seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from uuid import NAMESPACE_DNS, uuid5

from apps.portal.sample.names import FAMILY, GIVEN
from apps.portal.sample.people import DOMAIN, Person, login_of
from apps.portal.sample.timeline import Timeline

TENANT = "fenwickmutual.onmicrosoft.example"

NOTHING: tuple[str, ...] = ()
MAIL_ONLY = ("email",)
SMS = ("mobilePhone",)
APP = ("microsoftAuthenticatorPush", "softwareOneTimePasscode")
APP_AND_PHONE = ("mobilePhone", "microsoftAuthenticatorPush", "softwareOneTimePasscode")
PASSKEY = ("passKeyDeviceBoundAuthenticator", "microsoftAuthenticatorPush")
SECURITY_KEY = ("fido2SecurityKey",)
HELLO = ("windowsHelloForBusiness", "microsoftAuthenticatorPush")

#: Methods of those who enrol, with their weights.
CHOICES = (SMS, APP, APP_AND_PHONE, PASSKEY, SECURITY_KEY, HELLO)
WEIGHTS = (20, 42, 18, 8, 5, 7)
#: Share enrolled on day 0 and at the end, before team differences.
ENROLLED_FIRST, ENROLLED_LAST = 0.33, 0.64
#: How far ahead (below 1) or behind (above 1) a team's people are.
PACE = {
    "Technology": 0.66, "Security": 0.45, "Executive": 0.8, "Risk and Audit": 0.75, "Customer Operations": 1.28,
    "Claims": 1.18, "Marketing": 1.1,
}  # fmt: skip
#: The five people of the demo enrolled long ago.
EARLY = {
    "dana.whitlock": PASSKEY, "tomas.veselka": SECURITY_KEY, "kofi.mensah": APP, "priya.raman": APP_AND_PHONE,
    "lena.fuerst": HELLO,
}  # fmt: skip

PARTNERS = ("northlake-analytics.example", "orrin-claims.example", "castell-data.example", "hollis-audit.example")
FORMER = 14
GUESTS = 18


@dataclass(frozen=True)
class Account:
    """One directory account over the whole story; days are story days."""

    upn: str
    mail: str
    name: str
    created: int
    person: Person | None = None
    guest: bool = False
    disabled: int | None = None
    removed: int | None = None
    enrolments: tuple[tuple[int, tuple[str, ...]], ...] = ()
    quiet: int | None = None
    returns: int | None = None
    never: str = ""

    @property
    def id(self) -> str:
        """The object id: stable for the login, as in a real tenant."""
        return str(uuid5(NAMESPACE_DNS, self.upn.lower()))

    def exists(self, day: int) -> bool:
        """Present in the directory, enabled or not."""
        return self.created < day and (self.removed is None or day < self.removed)

    def enabled(self, day: int) -> bool:
        """May sign in on that day."""
        return self.disabled is None or day < self.disabled

    def methods(self, day: int) -> tuple[str, ...]:
        """The registered methods on that day."""
        held = [methods for since, methods in self.enrolments if since <= day]
        return held[-1] if held else NOTHING

    def last_seen(self, day: int, timeline: Timeline) -> datetime | None:
        """The last interactive sign-in before that day's export; None where there was none."""
        if self.never:
            return None
        rng = Random(f"{self.upn}:{day}")
        back = self.returns is not None and day > self.returns
        stop = day - 1 if back or self.quiet is None else min(self.quiet, day - 1)
        seen = stop if stop == self.quiet else max(self.created, stop - rng.choice((0, 0, 0, 1, 1, 2, 4)))
        minute = Random(f"{self.upn}:{seen}").randint(7 * 60, 18 * 60)
        return None if seen < self.created else timeline.at(seen, minute) + timedelta(seconds=rng.randint(0, 59))


def _enrolments(rng: Random, person: Person) -> tuple[tuple[int, tuple[str, ...]], ...]:
    first = rng.choices(CHOICES, WEIGHTS)[0]
    luck = rng.random() * PACE.get(person.unit, 1.0)
    wave = int(rng.triangular(4, 90, 52))
    bare = MAIL_ONLY if rng.random() < 0.25 else NOTHING
    if person.login in EARLY:
        return ((-400, EARLY[person.login]),)
    if person.started > 0:
        return ((person.started + rng.randint(1, 12), APP),) if person.started > 20 else ()
    if luck < ENROLLED_FIRST:
        upgrade = ((wave, APP_AND_PHONE),) if first is SMS and rng.random() < 0.4 else ()
        return ((-rng.randint(10, 700), first), *upgrade)
    return ((-300, bare), (wave, first)) if luck < ENROLLED_LAST else ((-300, bare),)


def _of_person(rng: Random, person: Person) -> Account:
    created = person.started - rng.randint(1, 4)
    account = Account(person.email, person.email, person.name, created, person, enrolments=_enrolments(rng, person))
    if person.leaves is None:
        return account
    # One leaver goes on signing in after the last day: the finding that makes ID-05 worth having.
    quiet = person.leaves + (11 if person.account_lag == 32 else 0)
    if person.account_lag is None:
        return replace(account, quiet=quiet)
    disabled = person.leaves + 1 + person.account_lag
    return replace(account, quiet=quiet, disabled=disabled, removed=disabled + 30)


def _go_quiet(rng: Random, accounts: list[Account]) -> None:
    """Some accounts sleep: most since before the story, a few fall asleep in it; many are dealt with."""
    settled = [
        i for i, a in enumerate(accounts)
        if a.person and a.quiet is None and a.created < -90 and a.person.login not in EARLY
    ]  # fmt: skip
    chosen = rng.sample(settled, 68)
    for i in chosen[:54]:
        fate = rng.random()
        returns = rng.randint(8, 84) if fate < 0.34 else None
        disabled = rng.randint(15, 88) if 0.34 <= fate < 0.72 else None
        accounts[i] = replace(accounts[i], quiet=-rng.randint(50, 320), returns=returns, disabled=disabled)
    for i in chosen[54:60]:
        accounts[i] = replace(accounts[i], quiet=rng.randint(-20, 40))
    for n, i in enumerate(chosen[60:68]):
        accounts[i] = replace(accounts[i], never="absent" if n % 3 == 0 else "zero")


def _name(rng: Random, taken: set[str]) -> str:
    """A name nobody has yet."""
    while True:
        name = f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"
        if name not in taken:
            taken.add(name)
            return name


def _guests(rng: Random, taken: set[str]) -> list[Account]:
    """People of partner firms, invited with their own mail address; few of them ever registered a factor here."""
    found = []
    for n in range(GUESTS):
        name, host = _name(rng, taken), PARTNERS[n % len(PARTNERS)]
        login = login_of(name)
        enrolled = ((-rng.randint(5, 300), APP),) if n % 4 == 0 else ((40 + n, APP),) if n % 7 == 1 else ()
        guest = Account(f"{login}_{host}#EXT#@{TENANT}", f"{login}@{host}", name, -rng.randint(70, 900), guest=True)
        quiet = -rng.randint(60, 200) if n % 3 == 2 else None
        gone = 35 + n if n in {2, 5} else None
        never = "zero" if n == 7 else ""
        found.append(replace(guest, enrolments=enrolled, quiet=quiet, removed=gone, never=never))
    return found


def _former(rng: Random, taken: set[str]) -> list[Account]:
    """Accounts of people who left before the story and whose account was only disabled."""
    found = []
    for _ in range(FORMER):
        name, since = _name(rng, taken), -rng.randint(120, 600)
        mail = f"{login_of(name)}@{DOMAIN}"
        left = Account(mail, mail, name, since - 800)
        found.append(replace(left, quiet=since, disabled=since + 2, removed=rng.choice((None, 30, 60))))
    return found


def build_accounts(rng: Random, people: tuple[Person, ...]) -> tuple[Account, ...]:
    """Every directory account of the story, ordered by object id; pure function of `rng` and `people`."""
    accounts = [_of_person(rng, person) for person in people]
    _go_quiet(rng, accounts)
    taken = {person.name for person in people}
    accounts += [*_guests(rng, taken), *_former(rng, taken)]
    return tuple(sorted(accounts, key=lambda a: a.id))
