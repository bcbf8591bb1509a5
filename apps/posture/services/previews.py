"""What a change of parameters would do, before it is saved: the same queryset that the next run evaluates."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from apps.core.actor import Actor
from apps.core.numbers import plural
from apps.core.sql import temp_table
from apps.posture import rules
from apps.posture.models import CheckVersion, Judged, Result
from apps.posture.queries.headline import Tally, headline, total_of
from apps.posture.queries.runs import last_published, newest_import
from apps.posture.services.versions import spec_of
from apps.posture.states import Outcome

OUTCOMES = {"subject_id": "pk", "outcome": "outcome"}


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of parameters: the check and the headline before (last run) and after, and what moves where.

    `moves` counts (outcome before, outcome after), the empty word for a subject that was or would not be judged.
    `data_changed` tells that imports since the last run are part of the effect.
    """

    check_id: str
    params: dict[str, Any]
    version: int
    before: Tally
    after: Tally
    headline_before: Tally
    headline_after: Tally
    moves: dict[tuple[str, str], int]
    data_changed: bool

    def turning(self, outcome: str) -> int:
        """Return how many results would newly have an outcome."""
        return sum(n for (before, after), n in self.moves.items() if after == outcome != before)

    @property
    def sentence(self) -> str:
        """Return the effect in words, for example "12 results would turn failing, 73.2 → 72.9 %"."""
        words = {Outcome.FAILING: "failing", Outcome.MET: "met", Outcome.NOT_EVALUATED: "not evaluated"}
        turned = [(self.turning(outcome), word) for outcome, word in words.items()]
        told = [f"{plural(n, 'result')} would turn {word}" for n, word in turned if n]
        if not told:
            told = ["No result would change"]
        before, after = self.headline_before.ratio.tenths_text, self.headline_after.ratio.tenths_text
        return f"{', '.join(told)}, {before} → {after} %"


def preview_parameters(*, actor: Actor, check_id: str, params: dict[str, Any], now: datetime) -> Preview:
    """Evaluate the check with new parameters against the last run. Nothing is kept.

    Raises Forbidden, NotFound, Invalid for a value out of bounds.
    """
    rules.can_tune(actor).require()
    spec = spec_of(check_id)
    parsed = spec.parsed(params)
    active = CheckVersion.objects.filter(check_id=check_id, active=True).first()
    run = last_published()
    with (
        transaction.atomic(),
        temp_table(Judged._meta.db_table, spec.evaluated(parsed, now), OUTCOMES, indexes=[["subject_id"]]),
    ):
        moves = _moves(check_id, run.pk if run else 0)
    counts = {outcome: sum(n for (_, to), n in moves.items() if to == outcome) for outcome in Outcome.values}
    before, whole = total_of(run, check_id), headline(run)
    after = Tally.of(counts)
    return Preview(
        check_id=check_id,
        params=parsed,
        version=active.number if active else 0,
        before=before,
        after=after,
        headline_before=whole,
        headline_after=whole - before + after,
        moves=moves,
        data_changed=run is None or run.inventory_mark != newest_import()[0],
    )


def _moves(check_id: str, run: int) -> dict[tuple[str, str], int]:
    spans = Result.objects.at(run).filter(check_id=check_id)
    was = spans.filter(subject_id=OuterRef("subject_id")).values("outcome")[:1]
    pairs = Judged.objects.annotate(was=Coalesce(Subquery(was), Value(""))).values_list("was", "outcome")
    moves: dict[tuple[str, str], int] = {}
    for was, to, n in pairs.annotate(n=Count("*")).order_by():
        # What an exception covers stays accepted when it goes on failing.
        becomes = was if (was, to) == (Outcome.ACCEPTED, Outcome.FAILING) else to
        moves[(was, becomes)] = moves.get((was, becomes), 0) + n
    stayed: dict[str, int] = {}
    for (before, _), n in moves.items():
        stayed[before] = stayed.get(before, 0) + n
    for before, n in spans.values_list("outcome").annotate(n=Count("*")).order_by():
        if n > stayed.get(before, 0):
            moves[(before, "")] = n - stayed.get(before, 0)
    return moves
