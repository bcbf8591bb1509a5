"""What the side panel of a request says: when, by whom, how long; all from the plan that submitting uses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.access.queries.plan import Plan, PlannedStage
from apps.access.states import ApproverRule
from apps.access.web.wish import PRESETS, Wish
from apps.access.web.words import PHRASES, clock_time, span
from apps.core.numbers import plural
from apps.governance.operations import OPERATIONS, verb_of

SHOWN = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be done to the asset: its words, and its route or why not."""

    key: str
    verb: str
    consequence: str
    route: str
    tone: str
    allowed: bool
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who may approve, as the panel names them."""

    name: str
    note: str


@dataclass(frozen=True, slots=True)
class Step:
    """One stage in words."""

    title: str
    people: tuple[Approver, ...]
    more: int
    note: str


def route_of(plan: Plan) -> tuple[str, str]:
    """Return the route of a plan in words, with its tone."""
    if not plan.routed:
        return "Nobody can approve", "bad"
    if plan.automatic:
        return "Automatic", "good"
    return plural(plan.approvals, "approval"), "warn" if plan.approvals > 1 else ""


def sentence(text: str) -> str:
    """Return a reason with a full stop, so that what follows it does not run into it."""
    return text if not text or text.rstrip().endswith((".", "!", "?")) else f"{text.rstrip()}."


def option_of(key: str, plan: Plan) -> Option:
    """Return an operation as a row of the form."""
    route, tone = route_of(plan)
    operation = OPERATIONS[key]
    decision = plan.decision
    return Option(
        key, operation.verb, operation.consequence, route, tone, bool(decision), sentence(decision.reason), plan.remedy
    )


def step_of(stage: PlannedStage, plan: Plan) -> Step:
    """Return a stage as a step of the panel."""
    people = tuple(
        Approver(seat.who.name, _note(seat.why, plan.usual.get(seat.who.user_id), seat.on_behalf_of))
        for seat in stage.people[:SHOWN]
    )
    n = len(stage.people)
    role = ApproverRule(stage.rule).label
    title = f"{people[0].name} approves" if n == 1 else f"{stage.need} of {n} people approves"
    if n == 0:
        title = f"Nobody may approve: {role}"
    elif stage.need == 1 and n > 1:
        title = f"One of {n} people approves"
    elif stage.need > 1:
        title = f"{stage.need} of {n} people approve"
    also = f" goes to {ApproverRule(stage.escalate_to).label} as well" if stage.escalate_to else " counts as late"
    note = f"No answer in {span(stage.answer_minutes)}:{also}."
    return Step(title, people, max(0, n - SHOWN), note)


def _note(why: str, usual: int | None, stands_in_for: Any) -> str:
    role = ApproverRule(why).label if why in ApproverRule.values else "Stands in"
    if stands_in_for is not None:
        role = f"Stands in for {stands_in_for.name}"
    return f"{role}, usually answers in {span(usual)}" if usual else role


def eta_of(plan: Plan, wish: Wish, now: datetime) -> dict[str, str]:
    """Return the time by which there is access, and what that rests on."""
    if plan.automatic:
        at = clock_time(wish.start_at, now) if wish.start_at and wish.start_at > now else "now"
        return {"lead": "Access" if at == "now" else "Access from", "at": at, "why": "Granted without an approval."}
    likely = plan.forecast
    if likely is None:
        why = f"Fewer than 10 requests like this in 90 days. Policy answer time: {span(plan.answer_minutes)}."
        return {"lead": "No forecast yet", "at": "", "why": why}
    why = (
        f"8 in 10 requests like this one were answered within {span(likely.minutes_80)} "
        f"({likely.n} requests, last 90 days). It is {clock_time(now, now)} now, UTC."
    )
    return {"lead": "Access by about", "at": clock_time(likely.at, now), "why": why}


def deal_of(wish: Wish) -> str:
    """Return what the button says."""
    if not wish.operation or not wish.lasts:
        return "Request access"
    verb = PHRASES.get(wish.operation, (verb_of(wish.operation).lower(), ""))[0]
    whom = f", for {wish.person.name}" if wish.person else ""
    return f"Ask to {verb}, once{whom}" if wish.once else f"Request {span(wish.lasts)} to {verb}{whom}"


def presets_for(most: int | None, wish: Wish) -> dict[str, Any]:
    """Return the times that can be chosen at once, and whether another one is asked for."""
    shown = [minutes for minutes in PRESETS if most is None or minutes <= most]
    return {
        "presets": [(f"{minutes}m", span(minutes), minutes == wish.minutes) for minutes in shown],
        "other": wish.minutes is None or wish.minutes not in shown,
        "most": most,
    }


def panel_of(plan: Plan, wish: Wish, now: datetime) -> dict[str, Any]:
    """Return what the panel shows."""
    return {
        "plan": plan,
        "refusal": sentence(plan.decision.reason),
        "eta": eta_of(plan, wish, now),
        "plan_steps": [step_of(stage, plan) for stage in plan.stages],
        "summary": route_of(plan)[0],
        "now": now,
    }
