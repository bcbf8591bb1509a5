"""Checks: list and detail with version, parameters and last totals."""

from dataclasses import dataclass

from apps.core.errors import NotFound
from apps.posture.models import CheckVersion, Run, RunTask
from apps.posture.queries.headline import Blind, Tally, by_check, not_evaluated, total_of
from apps.posture.queries.runs import last_published
from apps.posture.spec import CHECKS, CheckSpec
from apps.posture.states import Severity


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check with the version in force (None before the first run) and what the run found."""

    spec: CheckSpec
    version: CheckVersion | None
    tally: Tally

    @property
    def to_gain(self) -> int:
        """Return how many results stand between it and all met."""
        return self.tally.applicable - self.tally.met


def check_list(run: Run | None, pillar: str = "") -> list[CheckRow]:
    """Return the checks, of one pillar where given, those with most results to gain first; two queries."""
    versions = {version.check_id: version for version in CheckVersion.objects.filter(active=True)}
    tallies = by_check(run, pillar)
    rows = [
        CheckRow(spec, versions.get(spec.id), tallies.get(spec.id, Tally()))
        for spec in CHECKS
        if not pillar or spec.pillar == pillar
    ]
    ranks = {severity: rank for rank, severity in enumerate(Severity.values)}
    return sorted(rows, key=lambda row: (-row.to_gain, ranks[row.spec.severity], row.spec.id))


@dataclass(frozen=True, slots=True)
class CheckDetail:
    """A check with its versions, newest first, its last totals, why results are missing, and its last task."""

    row: CheckRow
    versions: list[CheckVersion]
    blind: list[Blind]
    last_task: RunTask | None
    run: Run | None

    @property
    def params(self) -> dict[str, object]:
        """Return the parameters in force, defaults before the first run."""
        return self.row.version.params if self.row.version else self.row.spec.defaults()


def check_detail(check_id: str) -> CheckDetail:
    """Return one check; five queries. Raises NotFound."""
    spec = CHECKS.get(check_id)
    if spec is None:
        raise NotFound(f"There is no check {check_id}.")
    run = last_published()
    versions = list(CheckVersion.objects.filter(check_id=check_id))
    active = next((version for version in versions if version.active), None)
    tasks = RunTask.objects.filter(check_id=check_id, run__in=Run.objects.published())
    blind = [entry for entry in not_evaluated(run, spec.pillar) if entry.check_id == check_id]
    row = CheckRow(spec, active, total_of(run, check_id))
    return CheckDetail(row, versions, blind, tasks.order_by("-run").first(), run)
