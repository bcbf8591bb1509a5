"""What people of the sample asked for: requests with how they ended, emergency access, and what is open today.

A request names what happens to it, not who decides: that is asked of the portal when it is played.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from apps.portal.sample.people import DOMAIN
from apps.portal.sample.registry import CONNECTED
from apps.portal.sample.story import Story, build_story
from apps.portal.sample.timeline import LAST_DAY, Timeline

GRANTED, REFUSED, WITHDRAWN, IGNORED, WAITING = "granted", "refused", "withdrawn", "ignored", "waiting"
#: Requests begin when the owners of the first models are confirmed; on some days there is a second one.
FIRST, SECOND_SHARE = CONNECTED + 9, 0.2


@dataclass(frozen=True)
class Colleague:
    """Someone who uses the portal beside the cast; nobody is told how to sign in as them."""

    role: str
    name: str
    email: str
    team: str


@dataclass(frozen=True)
class Asking:
    """One request for a model: how it ends, after how many minutes each stage answers, and when it is given back."""

    at: datetime
    who: str
    asset: str
    operation: str
    minutes: int
    reason: str
    end: str = GRANTED
    answers: tuple[int, int] = (10, 25)
    words: str = ""
    back_after: int = 0


@dataclass(frozen=True)
class Permit:
    """Who may use emergency access, as two others decided."""

    at: datetime
    who: str
    proposed_by: str
    confirmed_by: str


@dataclass(frozen=True)
class Emergency:
    """One use of emergency access, with the hours until its review and what that says; no words: not reviewed yet."""

    at: datetime
    who: str
    asset: str
    operation: str
    minutes: int
    reason: str
    drill: bool = False
    reviewed_after: int = 0
    words: str = ""


def _mail(login: str) -> str:
    return f"{login}@{DOMAIN}"


_ENGINEERS = (("Ravi Gopal", "ravi.gopal"), ("Jonas Lindqvist", "jonas.lindqvist"), ("Deniz Er", "deniz.er"),
              ("Kaja Sund", "kaja.sund"))  # fmt: skip
#: Who is let to use emergency access, and who looks at it afterwards.
ON_CALL, CISO, REVIEWER = _mail("ravi.gopal"), _mail("dana.whitlock"), _mail("tomas.veselka")

#: Who asks for what, in minutes, why, and how often beside the others.
_USUAL: tuple[tuple[str, str, str, int, str, int], ...] = (
    ("jonas.lindqvist", "drift-sentinel", "eval.run", 120, "Compare drift alarms with last week's labels", 4),
    ("deniz.er", "drift-sentinel", "hparam.tune", 240, "Tune the alarm threshold after the payment release", 3),
    ("kaja.sund", "vin-decoder", "eval.run", 60, "Check decoding of the new 2027 vehicle codes", 3),
    ("omar.khatri", "image-damage-cnn", "eval.run", 90, "Hail season: measure dents on the September photos", 3),
    ("alba.noguera", "fairness-probe", "eval.run", 180, "Monthly fairness report for the risk committee", 2),
    ("tomas.veselka", "code-review-llm", "endpoint.call", 60, "Try the review bot on the portal's own rules", 2),
    ("jonas.lindqvist", "intent-router", "train.run", 480, "Retrain with the call reasons of October", 4),
    ("kaja.sund", "intent-router", "weights.read", 240, "Profile loading time before the move to new nodes", 3),
    ("alba.noguera", "intent-router", "model.validate", 180, "Independent check before the next release", 2),
    ("ravi.gopal", "address-matcher", "weights.read", 240, "Find why flats on the same stairs are merged", 3),
    ("deniz.er", "claims-severity-gbm", "eval.run", 120, "Severity of water damage looks too low this month", 3),
    ("jonas.lindqvist", "policy-search-embedder", "eval.run", 120, "Recall on the renamed policy clauses", 2),
    ("kaja.sund", "quote-price-elasticity", "hparam.tune", 180, "Prepare the winter tariff run with Pricing", 2),
    ("priya.raman", "intent-router", "train.run", 360, "Second seed for the October model", 2),
    ("deniz.er", "credit-risk-scorer", "eval.run", 120, "Back-test on the third quarter's defaults", 3),
    ("jonas.lindqvist", "credit-risk-scorer", "train.run", 240, "Quarterly retraining, change CHG-2210", 3),
    ("alba.noguera", "credit-risk-scorer", "model.validate", 180, "Validation of the quarterly model", 2),
    ("ravi.gopal", "credit-risk-scorer", "weights.export", 60, "Copy for the supplier's benchmark", 1),
)  # fmt: skip
_REFUSALS = (
    "An evaluation run answers this; the weights are not needed for it.",
    "Not in the freeze before the quarterly report. Ask again on Monday.",
    "Take four hours; a whole day is not needed for one run.",
)
_ENDS, _SHARES = (GRANTED, REFUSED, WITHDRAWN, IGNORED), (74, 11, 7, 8)


def colleagues(seed: int = 7) -> tuple[Colleague, ...]:
    """Return who else uses the portal: engineers, a validator, an analyst, and a second security administrator."""
    second = _second_admin(build_story(seed))
    engineers = tuple(Colleague("engineer", name, _mail(login), "Model Engineering") for name, login in _ENGINEERS)
    return (
        *engineers,
        Colleague("engineer", "Omar Khatri", _mail("omar.khatri"), "Claims Analytics"),
        Colleague("engineer", "Alba Noguera", _mail("alba.noguera"), "Model Risk"),
        second,
    )


def _second_admin(story: Story) -> Colleague:
    """A security engineer who was there before the story and stays."""
    settled = (
        p for p in story.people
        if p.team == "Security Engineering" and p.title == "Security engineer"
        and p.started < -60 and p.leaves is None and p.moves is None and not p.on_leave
    )  # fmt: skip
    one = min(settled, key=lambda p: p.employee_id)
    return Colleague("security_admin", one.name, one.email, one.team)


def askings(*, end: date, now: datetime, seed: int = 7) -> list[Asking]:
    """Return every request in date order: some on each working day of the story, and those of the last hours."""
    rng, timeline = Random(f"{seed}:access"), Timeline(end)
    past = list(_history(rng, timeline, now - timedelta(hours=30)))
    return sorted([*past, *_today(now)], key=lambda one: one.at)


def _history(rng: Random, timeline: Timeline, until: datetime) -> Iterator[Asking]:
    for day in range(FIRST, LAST_DAY + 1):
        if timeline.on(day).weekday() > 4:
            continue
        asked = rng.choices(_USUAL, [row[-1] for row in _USUAL], k=1 + (rng.random() < SECOND_SHARE))
        for who, asset, operation, minutes, reason, _ in asked:
            at = timeline.at(day, rng.randint(7 * 60, 15 * 60)) + timedelta(seconds=rng.randint(0, 59))
            end = REFUSED if operation.endswith("export") else rng.choices(_ENDS, _SHARES)[0]
            slow = 1 + (day < 66) + (rng.random() < 0.15) * 2
            answers = (int(rng.triangular(2, 34, 7)) * slow, int(rng.triangular(3, 50, 14)) * slow)
            back = rng.choice((0, 0, minutes // 3, minutes // 2))
            if at < until:
                yield Asking(at, _mail(who), asset, operation, minutes, reason, end, answers,
                             rng.choice(_REFUSALS), back)  # fmt: skip


def _today(now: datetime) -> Iterator[Asking]:
    """What is live and what waits when somebody opens the portal for the first time."""

    def one(ago: int, who: str, asset: str, operation: str, minutes: int, reason: str, end: str = GRANTED) -> Asking:
        return Asking(now - timedelta(minutes=ago), _mail(who), asset, operation, minutes, reason, end, (6, 11))

    yield one(310, "kaja.sund", "intent-router", "weights.read", 1440, "Profile loading time on the new nodes")
    yield one(190, "ravi.gopal", "address-matcher", "weights.read", 720, "Compare with the matcher of the post office")
    yield one(95, "jonas.lindqvist", "credit-risk-scorer", "train.run", 240, "Quarterly retraining, change CHG-2244")
    yield one(50, "omar.khatri", "image-damage-cnn", "eval.run", 480, "Measure on the photos of the November storm")
    yield one(74, "deniz.er", "claims-severity-gbm", "eval.run", 180, "Severity after the new tariff", end=WAITING)
    yield one(23, "priya.raman", "intent-router", "hparam.tune", 240, "Try a longer context", end=WAITING)
    # The card shows what speaks against this one: it cannot be taken back, and the model has open findings.
    yield one(12, "deniz.er", "credit-risk-scorer", "weights.export", 60, "Run the stress test at home", end=WAITING)


def permits(*, end: date, seed: int = 7) -> list[Permit]:
    """Return the permits: the reviewer has no part in them, so that the review is by somebody uninvolved."""
    at = Timeline(end).at(FIRST, 9 * 60 + 30)
    return [Permit(at, ON_CALL, _second_admin(build_story(seed)).email, CISO)]


def emergencies(*, end: date, now: datetime) -> list[Emergency]:
    """Return the uses of emergency access in date order: two that were reviewed, one a drill, and one of today."""
    timeline = Timeline(end)
    return [
        Emergency(timeline.at(58, 9 * 60 + 5), ON_CALL, "intent-router", "model.deploy", 15,
                  "Drill: can we roll back at night?", True, 26, "The drill went as planned; access ended in time."),
        Emergency(timeline.at(77, 2 * 60 + 20), ON_CALL, "fraud-scorer", "model.deploy", 45,
                  "Card testing goes through since the release of 01:50; rolling back to the version before", False, 7,
                  "The logs show the roll-back and nothing else. The release check is fixed."),
        Emergency(now - timedelta(hours=5, minutes=40), ON_CALL, "support-copilot-llm", "guardrail.change", 30,
                  "The copilot quotes other customers' claims; closing the tool until the morning"),
    ]  # fmt: skip
