"""What people of the sample certified and accepted: a review that is closed, one that is open, and three exceptions.

Who may answer for what is asked of the portal when it is played; here stands only what they say, and when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from apps.portal.sample.people import DOMAIN
from apps.portal.sample.permissions import MAINTAINED, SUPPLIER, TEAM_MODELS
from apps.portal.sample.timeline import Timeline


def _mail(login: str) -> str:
    return f"{login}@{DOMAIN}"


CISO, MANAGER, ADMIN = _mail("dana.whitlock"), _mail("kofi.mensah"), _mail("tomas.veselka")

#: The account of the gateway and the role of the supplier: what they hold was too much.
TOO_MUCH = {
    "svc-claims-llm-gateway": "It calls two models; it needs nothing else.",
    "northlake-support": "More than the contract says.",
}
#: What the supplier keeps for a while: the model they maintain.
STAYS = (SUPPLIER, MAINTAINED)
NOT_MINE = "I sign for this team's exceptions, so somebody else should judge it."
DONE = {
    "svc-claims-llm-gateway": "The wildcard is gone: the gateway may call the two models it uses.",
    "northlake-support": "The role is down to calling the endpoint.",
}


@dataclass(frozen=True)
class Staying:
    """Revoked access that cannot go yet: who removes it asks when for an exception until when, and who signs when."""

    asked: datetime
    compensating: str
    reason: str
    ends_on: date
    signed: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class Closed:
    """A review of privileged access that is over: its moments in the order of the story."""

    name: str
    opened: datetime
    sittings: tuple[tuple[str, datetime], ...]
    second_looks: datetime
    reported: datetime
    proven: datetime
    stays: Staying


@dataclass(frozen=True)
class Open:
    """A quarterly review that opened by itself and runs: when it was set up, and who sat when, for how many answers.

    `None` answers are all of a sheet, which is then signed.
    """

    name: str
    teams: tuple[str, ...]
    saved: datetime
    opens: datetime
    sittings: tuple[tuple[str, datetime, int | None], ...]


@dataclass(frozen=True)
class Acceptance:
    """An exception for a finding: who is given it and asks, the check that makes up for it, who signs when, and when
    it is taken back."""

    asked: datetime
    who: str
    check: str
    subject: str
    compensating: str
    reason: str
    ends_on: date
    signed: tuple[tuple[str, datetime], ...]
    taken_back: datetime | None = None
    words: str = ""


def closed_review(*, end: date, second: str) -> Closed:
    """Return the review of privileged access that followed the first look at the cloud's policies."""
    timeline = Timeline(end)
    at = timeline.at
    stays = Staying(
        at(72, 10 * 60), "GV-01",
        "Northlake keeps the model up until its hand-over to us is done; nobody else can yet.",
        timeline.on(72 + 29), ((MANAGER, at(72, 15 * 60 + 30)), (CISO, at(73, 8 * 60 + 45))),
    )  # fmt: skip
    return Closed(
        "Privileged access in the cloud", at(57, 9 * 60), ((MANAGER, at(59, 10 * 60 + 12)), (second, at(61, 14 * 60))),
        at(65, 9 * 60 + 40), at(67, 11 * 60 + 5), at(71, 6 * 60 + 15), stays,
    )  # fmt: skip


def open_review(*, now: datetime) -> Open:
    """Return the quarterly review: nine days old, the manager on the way, one sheet signed, others not begun."""

    def day(ago: int, hour: int, minute: int) -> datetime:
        return (now - timedelta(days=ago)).replace(hour=hour, minute=minute, second=0, microsecond=0)

    return Open(
        "Quarterly access review", tuple(TEAM_MODELS), day(12, 10, 30), day(9, 6, 0),
        ((MANAGER, day(6, 9, 10), 9), (ADMIN, day(4, 13, 20), None), (MANAGER, day(2, 14, 5), 8)),
    )  # fmt: skip


def acceptances(*, end: date, now: datetime) -> list[Acceptance]:
    """Return the exceptions in date order: one taken back, one in force, one that waits for the CISO."""
    timeline = Timeline(end)
    at, on = timeline.at, timeline.on
    return [
        Acceptance(
            at(59, 11 * 60 + 20), _mail("kaja.sund"), "NH-01", "backup-vault-copy, Access key 1", "ID-04",
            "The vendor's backup agent takes no new key before its next update.",
            on(59) + timedelta(days=80), ((MANAGER, at(59, 15 * 60)), (CISO, at(60, 9 * 60))), at(79, 9 * 60 + 25),
            "The agent is updated, so the key can be changed.",
        ),
        Acceptance(
            at(75, 10 * 60 + 30), _mail("ravi.gopal"), "NH-01", "svc-retrain-nightly, Access key 1", "ID-04",
            "The nightly retraining moves to a role with the new scheduler; until then its key cannot be rotated "
            "without stopping three models.",
            on(75) + timedelta(days=60), ((MANAGER, at(75, 13 * 60)), (CISO, at(76, 8 * 60 + 20))),
        ),
        Acceptance(
            now - timedelta(hours=26), _mail("priya.raman"), "MD-01", "support-copilot-llm", "MD-03",
            "The supplier signs its weights from the release of next month on. We load them in a safe format and "
            "compare their digest by hand.",
            now.date() + timedelta(days=28), ((MANAGER, now - timedelta(hours=22)),),
        ),
    ]  # fmt: skip
