"""The people of Fenwick Mutual: who works there on which day, and the HR export of it."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from apps.portal.sample.names import FAMILY, GIVEN, SEATED, TEAMS, UNIT_HEADS, Team
from apps.portal.sample.timeline import LAST_DAY, Timeline

DOMAIN = "fenwick.example"
COLUMNS = (
    "employee_id", "name", "email", "manager_id", "team", "business_unit", "job_title", "status",
    "start_date", "end_date",
)  # fmt: skip

#: Days on which people leave, and how long the directory account outlives them (None: still there at the end).
LEAVES = (
    (-3, 11), (-2, 32), (5, 0), (12, 16), (19, 0), (26, 2), (33, 24), (41, 0), (48, 9), (57, None), (64, 1), (70, 12),
    (76, 0), (81, 3), (85, None), (88, 1),
)  # fmt: skip
JOINS = (6, 6, 13, 20, 27, 34, 34, 48, 55, 62, 69, 76, 83, 83)
MOVES = (10, 17, 24, 31, 45, 52, 66, 73, 80)
#: HR shows an end date this long before it, and the row once more in the week after it.
NOTICE_DAYS = 28
AFTERGLOW_DAYS = 6


@dataclass(frozen=True)
class Person:
    """One employee over the whole story; days are story days."""

    employee_id: str
    name: str
    login: str
    manager_id: str
    team: str
    unit: str
    title: str
    started: int
    leaves: int | None = None
    account_lag: int | None = 0
    moves: int | None = None
    moved_to: Team | None = None
    moved_manager: str = ""
    on_leave: bool = False
    seated: bool = False

    @property
    def email(self) -> str:
        """The person's mail address, which is also the directory login."""
        return f"{self.login}@{DOMAIN}"

    def employed(self, day: int) -> bool:
        """Works here on that day, the last day included."""
        return self.started <= day and (self.leaves is None or day <= self.leaves)

    def listed(self, day: int) -> bool:
        """Appears in the HR export of that day."""
        return self.started <= day + 7 and (self.leaves is None or day <= self.leaves + AFTERGLOW_DAYS)

    def seat(self, day: int) -> tuple[str, str, str]:
        """Team, business unit and manager id on that day."""
        if self.moves is not None and self.moved_to is not None and day >= self.moves:
            return self.moved_to.name, self.moved_to.unit, self.moved_manager
        return self.team, self.unit, self.manager_id


def login_of(name: str) -> str:
    """`Lena Fürst` → `lena.fuerst`: the German habit first, then plain letters."""
    lowered = name.lower().replace("ü", "ue").replace("ö", "oe").replace("ä", "ae")
    plain = unicodedata.normalize("NFKD", lowered).encode("ascii", "ignore").decode()
    return ".".join(plain.replace("-", " ").split())


class _Roster:
    """Hands out names, employee numbers and start days, and remembers who sits where."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.people: list[Person] = []
        self.taken = {name for names in SEATED.values() for name in names}

    def name(self) -> str:
        while True:
            name = f"{self.rng.choice(GIVEN)} {self.rng.choice(FAMILY)}"
            if name not in self.taken:
                self.taken.add(name)
                return name

    def hire(
        self, manager: str, team: str, unit: str, title: str, name: str = "", started: int | None = None
    ) -> Person:
        seated = bool(name)
        name = name or self.name()
        since = -self.rng.randint(60, 3600) if started is None else started
        number = f"FM{10240 + 7 * len(self.people)}"
        person = Person(number, name, login_of(name), manager, team, unit, title, since, seated=seated)
        self.people.append(person)
        return person


def _staff(roster: _Roster) -> dict[str, str]:
    """Seats everybody of day 0; returns each team's lead by employee id."""
    chief = roster.hire("", "Executive", "Executive", "Chief Executive Officer")
    heads = {}
    for unit, title in UNIT_HEADS.items():
        name = SEATED.get((unit, title), ("",))[0]
        heads[unit] = roster.hire(chief.employee_id, "Executive", unit, title, name).employee_id
    leads = {}
    for team in TEAMS:
        named = [(title, name) for (place, title), names in SEATED.items() if place == team.name for name in names]
        lead_name = next((name for title, name in named if title == team.lead), "")
        lead = roster.hire(heads[team.unit], team.name, team.unit, team.lead, lead_name)
        leads[team.name] = lead.employee_id
        members = [entry for entry in named if entry[0] != team.lead]
        members += [(team.member, "")] * (team.size - 1 - len(members))
        for title, name in members:
            roster.hire(lead.employee_id, team.name, team.unit, title, name)
    return leads


def _change(roster: _Roster, leads: dict[str, str]) -> None:
    """Chooses leavers and movers among the unseated members, then adds the joiners."""
    rng = roster.rng
    free = [i for i, p in enumerate(roster.people) if not p.seated and p.manager_id in leads.values()]
    chosen = rng.sample(free, len(LEAVES) + len(MOVES) + 4)
    for (day, lag), i in zip(LEAVES, chosen, strict=False):
        roster.people[i] = replace(roster.people[i], leaves=day, account_lag=lag)
    for day, i in zip(MOVES, chosen[len(LEAVES) :], strict=False):
        target = rng.choice([t for t in TEAMS if t.name != roster.people[i].team])
        roster.people[i] = replace(roster.people[i], moves=day, moved_to=target, moved_manager=leads[target.name])
    for i in chosen[-4:]:
        roster.people[i] = replace(roster.people[i], on_leave=True)
    for day in JOINS:
        team = rng.choice(TEAMS)
        roster.hire(leads[team.name], team.name, team.unit, team.member, started=day)


def build_people(rng: Random) -> tuple[Person, ...]:
    """Everybody who works at Fenwick Mutual on some day of the story, in employee order; pure function of `rng`."""
    roster = _Roster(rng)
    _change(roster, _staff(roster))
    return tuple(roster.people)


def _status(person: Person, day: int) -> str:
    if person.leaves is not None and day > person.leaves:
        return "terminated"
    return "on leave" if person.on_leave else "active"


def _iso(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def people_csv(people: tuple[Person, ...], day: int, timeline: Timeline) -> bytes:
    """The HR export of a story day: UTF-8, CRLF as spreadsheets write it; a byte order mark in odd weeks."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for person in people:
        if not person.listed(day):
            continue
        team, unit, manager = person.seat(day)
        told = person.leaves is not None and day >= person.leaves - NOTICE_DAYS
        end = timeline.on(person.leaves) if told and person.leaves is not None else None
        title = person.title if team == person.team or person.moved_to is None else person.moved_to.member
        writer.writerow(
            (person.employee_id, person.name, person.email, manager, team, unit, title, _status(person, day),
             _iso(timeline.on(person.started)), _iso(end))
        )  # fmt: skip
    odd = ((LAST_DAY - day) // 7) % 2
    return out.getvalue().encode("utf-8-sig" if odd else "utf-8")
