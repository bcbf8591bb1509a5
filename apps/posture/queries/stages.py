"""Maturity stages after CISA Zero Trust Maturity Model 2.0 (April 2023). CISA gives prose; the percentages are ours.

A function is Initial when its critical checks are met on 90 % of what bears on tier-1 assets, Advanced when critical
and high ones are met on 95 % of all with 80 % evaluated, Optimal when everything is on 99 % with 95 % evaluated from
data of the last day and its remediation is automated. A pillar is at the stage of its weakest function. There is no
stage while a function has no check, or fewer than 60 % of its results are evaluated.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum

from apps.core.metrics import Ratio
from apps.posture.models import Run, RunTotal
from apps.posture.queries.headline import Tally
from apps.posture.queries.runs import newest_import
from apps.posture.spec import CHECKS, CheckSpec
from apps.posture.states import Outcome, Pillar, Severity, Stage

#: The functions of each pillar by the short names that checks use, with CISA's names. Cross-cutting functions (V, O, G)
#: take part where they have checks.
FUNCTIONS: dict[str, dict[str, str]] = {
    Pillar.IDENTITY: {
        "I Auth": "Authentication",
        "I Store": "Identity Stores",
        "I Risk": "Risk Assessments",
        "I Access": "Access Management",
    },
    Pillar.DEVICES: {
        "D Pol": "Policy Enforcement and Compliance Monitoring",
        "D Asset": "Asset and Supply Chain Risk Management",
        "D Res": "Resource Access",
        "D Threat": "Device Threat Protection",
    },
    Pillar.NETWORK: {
        "N Seg": "Network Segmentation",
        "N Traffic": "Network Traffic Management",
        "N Encrypt": "Traffic Encryption",
        "N Resil": "Network Resilience",
    },
    Pillar.MODELS: {
        "A Access": "Application Access",
        "A Threat": "Application Threat Protections",
        "A Accessible": "Accessible Applications",
        "A DevDeploy": "Secure Application Development and Deployment Workflow",
        "A Test": "Application Security Testing",
    },
    Pillar.DATA: {
        "Da Inv": "Data Inventory Management",
        "Da Cat": "Data Categorization",
        "Da Avail": "Data Availability",
        "Da Access": "Data Access",
        "Da Encrypt": "Data Encryption",
    },
}
CROSS_CUTTING = {"V": "Visibility and Analytics", "O": "Automation and Orchestration", "G": "Governance"}
FLOOR, INITIAL, ADVANCED, ADVANCED_COVERAGE = 60, 90, 95, 80
OPTIMAL, OPTIMAL_COVERAGE, OPTIMAL_AGE = 99, 95, timedelta(hours=24)
#: Functions whose remediation or revocation the portal carries out by itself.
AUTOMATED: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FunctionStage:
    """The stage of one function, or why there is none; and what the next stage needs."""

    function: str
    title: str
    stage: Stage | None
    reason: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class PillarStage:
    """The stage of a pillar, that of its weakest function, or why there is none."""

    pillar: str
    stage: Stage | None
    reason: str
    functions: tuple[FunctionStage, ...]


def checks_of(function: str) -> list[CheckSpec]:
    """Return the checks that prove a function."""
    return [spec for spec in CHECKS if spec.function == function]


def decisive_checks(function: str) -> list[CheckSpec]:
    """Return the checks that decide Initial: the critical ones, else those of the highest severity there is."""
    specs = checks_of(function)
    for severity in Severity.values:
        found = [spec for spec in specs if spec.severity == severity]
        if found:
            return found
    return []


def stages(run: Run | None) -> dict[str, PillarStage]:
    """Return the stage of each pillar that CISA knows; two queries."""
    counts = _counts(run)
    _, imported = newest_import()
    fresh = run is not None and imported is not None and run.as_of - imported <= OPTIMAL_AGE
    return {pillar: _pillar(pillar, counts, fresh) for pillar in FUNCTIONS}


Counts = dict[str, dict[str, tuple[int, int | None]]]


def _counts(run: Run | None) -> Counts:
    """Return per check and outcome how many results there are, and how many of them bear on tier-1 assets."""
    counts: Counts = {}
    if run is None:
        return counts
    rows = RunTotal.objects.filter(run=run).values_list("check_id", "outcome")
    for check_id, outcome, n, tier1 in rows.annotate(total=Sum("n"), first=Sum("tier1")).order_by():
        counts.setdefault(check_id, {})[outcome] = (n, tier1)
    return counts


def _pillar(pillar: str, counts: Counts, fresh: bool) -> PillarStage:
    base = FUNCTIONS[pillar]
    prefix = next(iter(base)).split()[0]
    cross = {f"{prefix} {short}": title for short, title in CROSS_CUTTING.items() if checks_of(f"{prefix} {short}")}
    functions = tuple(_function(name, title, counts, fresh) for name, title in {**base, **cross}.items())
    missing = next((found for found in functions if found.stage is None), None)
    if missing is not None:
        return PillarStage(pillar, None, f"No stage: {missing.title}: {missing.reason}", functions)
    order = list(Stage)
    weakest = min(functions, key=lambda found: order.index(found.stage or Stage.TRADITIONAL))
    return PillarStage(pillar, weakest.stage, f"Held back by {weakest.title}: {weakest.reason}", functions)


def _function(name: str, title: str, counts: Counts, fresh: bool) -> FunctionStage:
    specs = checks_of(name)
    tally = _tally(specs, counts)
    if not specs:
        return FunctionStage(name, title, None, "no check proves it yet.", tally)
    if tally.applicable == 0:
        return FunctionStage(name, title, None, "nothing is evaluated yet.", tally)
    if not _reaches(tally.coverage, FLOOR):
        return FunctionStage(name, title, None, f"only {tally.coverage} of its results are evaluated.", tally)
    stage, reason = _reached(name, specs, tally, counts, fresh)
    return FunctionStage(name, title, stage, reason, tally)


def _reached(name: str, specs: list[CheckSpec], tally: Tally, counts: Counts, fresh: bool) -> tuple[Stage, str]:
    first = _tally(decisive_checks(name), counts, tier1=True)
    first = first if first.applicable else _tally(decisive_checks(name), counts)
    if not _reaches(first.ratio, INITIAL):
        return Stage.TRADITIONAL, f"{first.ratio} met of what bears on tier 1; Initial needs {INITIAL} %."
    serious = [spec for spec in specs if spec.severity in (Severity.CRITICAL, Severity.HIGH)]
    worst = _tally(serious, counts)
    if (worst.applicable and not _reaches(worst.ratio, ADVANCED)) or not _reaches(tally.coverage, ADVANCED_COVERAGE):
        return Stage.INITIAL, f"Advanced needs {ADVANCED} % met and {ADVANCED_COVERAGE} % evaluated."
    if not _reaches(tally.ratio, OPTIMAL) or not _reaches(tally.coverage, OPTIMAL_COVERAGE) or not fresh:
        return Stage.ADVANCED, f"Optimal needs {OPTIMAL} % met from data of the last day."
    if name not in AUTOMATED:
        return Stage.ADVANCED, "Optimal needs automated remediation."
    return Stage.OPTIMAL, "Everything is met and kept so."


def _tally(specs: list[CheckSpec], counts: Counts, *, tier1: bool = False) -> Tally:
    summed: dict[str, int] = dict.fromkeys(Outcome.values, 0)
    for spec in specs:
        for outcome, (n, first) in counts.get(spec.id, {}).items():
            summed[outcome] += (first or 0) if tier1 else n
    return Tally.of(summed)


def _reaches(ratio: Ratio, percent: int) -> bool:
    """Compare exactly, without rounding."""
    return ratio.denominator > 0 and 100 * ratio.numerator >= percent * ratio.denominator
