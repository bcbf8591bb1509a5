"""Routes as pages show them: those in force, versions with their differences, changes."""

from dataclasses import dataclass

from django.db.models import QuerySet

from apps.access.models import Route, RouteChange, RouteVersion, Stage, Tiers
from apps.access.states import ApproverRule, PolicyChangeState
from apps.core.actor import Actor
from apps.core.errors import NotFound

#: How long a request waits where no version says it.
HOURS = 24


@dataclass(frozen=True, slots=True)
class TierDifference:
    """The route of a tier before and after, each a line in words."""

    tier: int
    before: tuple[str, ...]
    after: tuple[str, ...]


def version_in_force() -> RouteVersion:
    """Return the version in force. Raises NotFound where there is none. One query."""
    version = RouteVersion.objects.select_related("proposed_by", "confirmed_by").first()
    if version is None:
        raise NotFound("No routes are in force.")
    return version


def hours_by_tier() -> dict[int, int]:
    """Return how many hours a request of each tier waits for its answers. One query."""
    tiers = RouteVersion.objects.values_list("tiers", flat=True).first() or {}
    return {int(tier): int(route["hours"]) for tier, route in tiers.items()}


def versions(actor: Actor) -> QuerySet[RouteVersion]:
    """Return all versions, newest first. One query."""
    rows = RouteVersion.objects.select_related("proposed_by", "confirmed_by")
    return rows if actor.sees_all else rows.none()


def version_with_previous(actor: Actor, number: int) -> tuple[RouteVersion, RouteVersion | None]:
    """Return a version and the one before it. Raises NotFound. One query."""
    found = {row.number: row for row in versions(actor).filter(number__in=(number, number - 1))}
    if number not in found:
        raise NotFound("There is no such version of the routes.")
    return found[number], found.get(number - 1)


def open_change() -> RouteChange | None:
    """Return the change that waits for a second administrator. One query."""
    waiting = RouteChange.objects.filter(state=PolicyChangeState.PROPOSED)
    return waiting.select_related("proposed_by", "based_on").first()


def changes(actor: Actor) -> QuerySet[RouteChange]:
    """Return all changes, newest first. One query."""
    rows = RouteChange.objects.defer("tiers", "effect").select_related("proposed_by", "decided_by")
    return rows if actor.sees_all else rows.none()


def find_change(actor: Actor, pk: int) -> RouteChange:
    """Return a change with the version it is based on. Raises NotFound. One query."""
    rows = RouteChange.objects.select_related("proposed_by", "decided_by", "based_on").filter(pk=pk)
    found = rows.first() if actor.sees_all else None
    if found is None:
        raise NotFound("There is no such change of the routes.")
    return found


def differences(before: Tiers, after: Tiers) -> list[TierDifference]:
    """Return which tiers differ between two sets. No query."""
    return [
        TierDifference(int(tier), lines_of(before.get(tier)), lines_of(after.get(tier)))
        for tier in sorted({*before, *after})
        if before.get(tier) != after.get(tier)
    ]


def lines_of(route: Route | None) -> tuple[str, ...]:
    """Return a route in words, a line a stage. No query."""
    if route is None:
        return ()
    lines = [f"{number}. {_line(stage)}" for number, stage in enumerate(route["stages"], 1)]
    ends = f"Not answered within {route['hours']} h: it ends." if lines else ""
    return tuple(line for line in (*(lines or ["Automatic: nobody is asked."]), ends) if line)


def _line(stage: Stage) -> str:
    needed = f"{stage['need']} × " if stage["need"] > 1 else ""
    words = [f"{needed}{label_of(stage['rule'])}"]
    if stage["fallback"]:
        words.append(f"if nobody can: {label_of(stage['fallback'])}")
    words.append(f"answer in {stage['answer_minutes']} min, reminded after {stage['remind_minutes']}")
    if stage["escalate_to"]:
        words.append(f"late: {label_of(stage['escalate_to'])} as well")
    return "; ".join(words)


def label_of(rule: str) -> str:
    """Return an approver rule in words."""
    return str(ApproverRule(rule).label) if rule in ApproverRule.values else rule
