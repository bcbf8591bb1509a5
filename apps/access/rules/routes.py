"""What routes may be: never less care than a tier demands, and never a stage that nobody could fill."""

from collections.abc import Iterator
from dataclasses import dataclass

from apps.access.models import Route, Stage, Tiers
from apps.access.states import ApproverRule
from apps.governance.tiers import TIERS

#: Stages a tier needs at least: tier 1 is decided by distinct persons one after the other (governance.md §5).
FEWEST_STAGES = {1: 2, 2: 1, 3: 0}
MOST_STAGES, MOST_NEEDED = 3, 5
FEWEST_MINUTES, MOST_MINUTES = 5, 3 * 24 * 60
MOST_HOURS = 7 * 24


@dataclass(frozen=True, slots=True)
class RouteProblem:
    """What is wrong, at which tier, stage (0: the whole tier) and field."""

    tier: int
    stage: int
    field: str
    text: str

    def __str__(self) -> str:
        stage = f", stage {self.stage}" if self.stage else ""
        return f"Tier {self.tier}{stage}: {self.text}"


def problems_of(tiers: Tiers) -> list[RouteProblem]:
    """Return what is wrong with a set of routes; empty where it may come into force. No query."""
    known = {str(number) for number in TIERS}
    if set(tiers) != known:
        return [RouteProblem(0, 0, "", "Every tier has a route, and there are no others.")]
    return [problem for number in sorted(TIERS) for problem in _of_tier(number, tiers[str(number)])]


def _of_tier(tier: int, route: Route) -> Iterator[RouteProblem]:
    stages = route["stages"]
    if not 1 <= route["hours"] <= MOST_HOURS:
        yield RouteProblem(tier, 0, "hours", f"A request waits 1 to {MOST_HOURS} hours.")
    if not FEWEST_STAGES[tier] <= len(stages) <= MOST_STAGES:
        least = FEWEST_STAGES[tier]
        few = {2: "Two stages at least, filled by distinct persons.", 1: "One stage at least."}.get(least, "")
        yield RouteProblem(tier, 0, "", few if len(stages) < least else f"At most {MOST_STAGES} stages.")
    if sum(stage["need"] for stage in stages) < TIERS[tier].approvals:
        yield RouteProblem(tier, 0, "", f"It needs {TIERS[tier].approvals} approvals at least.")
    for number, stage in enumerate(stages, 1):
        yield from _of_stage(tier, number, stage)
    if sum(1 for stage in stages if stage["rule"] == ApproverRule.ASSET_OWNER) > 1:
        yield RouteProblem(tier, 0, "", "An asset has one owner, who fills one stage and not two.")
    if sum(stage["answer_minutes"] for stage in stages) > route["hours"] * 60:
        yield RouteProblem(tier, 0, "hours", "The stages have more time to answer than the request waits.")


def _of_stage(tier: int, number: int, stage: Stage) -> Iterator[RouteProblem]:
    def at(field: str, text: str) -> RouteProblem:
        return RouteProblem(tier, number, field, text)

    if stage["rule"] not in ApproverRule.values:
        yield at("rule", "Choose who approves.")
    if not 1 <= stage["need"] <= MOST_NEEDED:
        yield at("need", f"1 to {MOST_NEEDED} approvals.")
    elif stage["need"] > 1 and stage["rule"] == ApproverRule.ASSET_OWNER:
        yield at("need", "An asset has one owner, so one approval.")
    if not FEWEST_MINUTES <= stage["answer_minutes"] <= MOST_MINUTES:
        yield at("answer_minutes", f"{FEWEST_MINUTES} to {MOST_MINUTES:,} minutes.")
    if not 1 <= stage["remind_minutes"] < stage["answer_minutes"]:
        yield at("remind_minutes", "Remind after at least a minute, and before the answer is due.")
    for field, words in (("escalate_to", "Late requests go to other people"), ("fallback", "A substitute is another")):
        if stage[field] not in (*ApproverRule.values, ""):  # type: ignore[literal-required]
            yield at(field, "There is no such rule.")
        elif stage[field] == stage["rule"]:  # type: ignore[literal-required]
            yield at(field, f"{words} than those of the stage.")
