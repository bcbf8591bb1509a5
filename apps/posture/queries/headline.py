"""The headline and its parts, from the rollup of a run. Proven is met ÷ applicable, unweighted.

Not evaluated and accepted stay in the denominator; not applicable is outside it, and counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from apps.core.metrics import Ratio
from apps.posture.models import Run, RunTotal
from apps.posture.spec import CHECKS
from apps.posture.states import Outcome, Pillar


@dataclass(frozen=True, slots=True)
class Tally:
    """How many results there are of each outcome."""

    met: int = 0
    failing: int = 0
    accepted: int = 0
    not_evaluated: int = 0
    not_applicable: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Tally":
        """Return the tally of counts by outcome."""
        return cls(**{str(outcome): counts.get(outcome, 0) for outcome in Outcome.values})

    @property
    def applicable(self) -> int:
        """Return the denominator."""
        return self.met + self.failing + self.accepted + self.not_evaluated

    @property
    def ratio(self) -> Ratio:
        """Return proven: met of applicable."""
        return Ratio(self.met, self.applicable)

    @property
    def coverage(self) -> Ratio:
        """Return the share of applicable results that were evaluated."""
        return Ratio(self.applicable - self.not_evaluated, self.applicable)

    @property
    def ceiling(self) -> Ratio:
        """Return what proven would be if everything not evaluated were met."""
        return Ratio(self.met + self.not_evaluated, self.applicable)

    @property
    def empty(self) -> bool:
        """Return whether nothing is evaluated: an empty portal shows no per cent."""
        return self.applicable + self.not_applicable == 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(a + b for a, b in zip(self._parts(), other._parts(), strict=True)))

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(*(a - b for a, b in zip(self._parts(), other._parts(), strict=True)))

    def _parts(self) -> tuple[int, ...]:
        return (self.met, self.failing, self.accepted, self.not_evaluated, self.not_applicable)


def _totals(run: Run | None) -> QuerySet[RunTotal]:
    return RunTotal.objects.none() if run is None else RunTotal.objects.filter(run=run)


def _tally(totals: QuerySet[RunTotal]) -> Tally:
    return Tally.of(dict(totals.values_list("outcome").annotate(total=Sum("n")).order_by()))


def _grouped(totals: QuerySet[RunTotal], field: str) -> dict[str, Tally]:
    counts: dict[str, dict[str, int]] = {}
    for key, outcome, n in totals.values_list(field, "outcome").annotate(total=Sum("n")).order_by():
        counts.setdefault(key, {})[outcome] = n
    return {key: Tally.of(found) for key, found in counts.items()}


def headline(run: Run | None) -> Tally:
    """Return the tally of a whole run; empty without one. One query."""
    return _tally(_totals(run))


def total_of(run: Run | None, check_id: str) -> Tally:
    """Return the tally of one check; one query."""
    return _tally(_totals(run).filter(check_id=check_id))


def by_pillar(run: Run | None) -> dict[str, Tally]:
    """Return the tally of each pillar that has a check, in the pillars' order; one query."""
    found = _grouped(_totals(run), "pillar")
    known = {str(spec.pillar) for spec in CHECKS}
    return {pillar: found.get(pillar, Tally()) for pillar in Pillar.values if pillar in found or pillar in known}


def by_check(run: Run | None, pillar: str = "") -> dict[str, Tally]:
    """Return the tally of each check, of one pillar where given; one query."""
    totals = _totals(run)
    return _grouped(totals.filter(pillar=pillar) if pillar else totals, "check_id")


def by_subject_kind(run: Run | None) -> dict[str, Tally]:
    """Return the tally of each kind of subject; one query."""
    return _grouped(_totals(run), "subject_kind")


@dataclass(frozen=True, slots=True)
class Blind:
    """Results of a check that were not evaluated, and why."""

    check_id: str
    reason: str
    n: int


def not_evaluated(run: Run | None, pillar: str = "") -> list[Blind]:
    """Return why results were not evaluated, most first; one query."""
    totals = _totals(run).filter(outcome=Outcome.NOT_EVALUATED)
    if pillar:
        totals = totals.filter(pillar=pillar)
    return [Blind(*row) for row in totals.order_by("-n", "check_id").values_list("check_id", "reason", "n")]


def summed(tallies: Iterable[Tally]) -> Tally:
    """Return the sum."""
    return sum(tallies, Tally())
