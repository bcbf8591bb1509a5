"""The page of one pillar: how it stands, where, and by which check."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.core import clock
from apps.core.charts import Note, line_with_band
from apps.core.errors import Invalid
from apps.core.web.views import ActorView
from apps.inventory.queries.sources import stale_sources
from apps.posture.models import Run
from apps.posture.queries.checks import check_list
from apps.posture.queries.headline import not_evaluated, summed
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import first_published_at, last_published
from apps.posture.queries.scope import scope_change
from apps.posture.queries.settings import targets
from apps.posture.queries.stages import PillarStage, stages
from apps.posture.queries.trends import Point, trend, version_markers
from apps.posture.queries.where import Where, cell_filters, where
from apps.posture.spec import CHECKS
from apps.posture.states import Pillar
from apps.posture.web.checks import blind_rows, check_cells, known_pillar, share_points
from apps.posture.web.runs import WIDE

WEEKS = 13


class PillarView(ActorView):
    """`/posture/<pillar>?as_of=YYYY-MM-DD`."""

    roles = WIDE

    def get(self, request: HttpRequest, pillar: str, **kwargs: Any) -> HttpResponse:
        """Answer the page as of the last published run, or of the day asked for."""
        chosen = known_pillar(pillar)
        now = clock.now()
        at = end_of_day(request.GET.get("as_of", ""), now)
        run = last_published(at)
        context = {
            "pillar": chosen,
            "pillars": _others(chosen),
            "run": run,
            "is_history": bool(request.GET.get("as_of")),
        }
        if run is None:
            first = first_published_at() if context["is_history"] else None
            return render(request, "posture/pillar.html", {**context, "first": first})
        stale, sources = stale_sources(at)
        moment = {"stale": stale, "sources": sources}
        return render(request, "posture/pillar.html", {**context, **moment, **_context(chosen, run)})


def _others(chosen: Pillar) -> list[dict[str, Any]]:
    known = {spec.pillar for spec in CHECKS}
    return [
        {"label": str(pillar.label), "url": reverse("posture:pillar", args=[pillar]), "current": pillar == chosen}
        for pillar in Pillar
        if pillar in known or pillar == chosen
    ]


def _context(pillar: Pillar, run: Run) -> dict[str, Any]:
    checks = check_list(run, pillar)
    whole = summed(row.tally for row in checks)
    target = targets()[pillar]
    blind = blind_rows(not_evaluated(run, pillar), run.pk)
    stage: PillarStage | None = stages(run).get(pillar)
    points = trend(run.as_of, WEEKS, pillar=pillar)
    base = f"{reverse('posture:pillar', args=[pillar])}?as_of="
    return {
        "tally": whole,
        "target": target,
        "to_go": max(0, -(-target * whole.applicable // 100) - whole.met),
        "links": {
            name: results_url(pillar=pillar, outcome=name, run=run.pk) for name in ("met", "failing", "not_evaluated")
        },
        "not_applicable_url": results_url(pillar=pillar, outcome="not_applicable", run=run.pk),
        "trend": line_with_band(
            "trend", share_points(points, base), target=target, notes=_notes(points, pillar, run.as_of)
        ),
        "checks": [
            {**check_cells(row, run), "blind": [b for b in blind if b["check"] == row.spec.id]} for row in checks
        ],
        "where": [_heat(table, run) for table in where(run, pillar)],
        "stage": stage,
        "stage_name": str(stage.stage.label) if stage and stage.stage else "",
    }


def _notes(points: Sequence[Point], pillar: Pillar, until: datetime) -> list[Note]:
    """Return what moves the line besides posture: the largest change of the denominator, then changed checks."""
    changed = scope_change(points)
    markers = [m for m in version_markers(until, WEEKS) if _of(m.check_id, pillar)]
    notes = [Note(m.at.date(), f"{m.check_id} version {m.number}") for m in markers]
    return [*([Note(*changed)] if changed else []), *notes][:3]


def _of(check_id: str, pillar: str) -> bool:
    spec = CHECKS.get(check_id)
    return spec is not None and spec.pillar == pillar


def _heat(table: Where, run: Run) -> dict[str, Any]:
    """Return a table with an address per cell: the list of exactly the results it counts."""
    rows = [
        (
            place,
            [
                (tally, results_url(**cell_filters(table.dimension, place, spec.id, run)))
                for spec, tally in zip(table.checks, tallies, strict=True)
            ],
        )
        for place, tallies in table.rows
    ]
    return {"table": table, "rows": rows}


def end_of_day(given: str, now: datetime) -> datetime:
    """Return the last instant of the day asked for; now for none. Raises Invalid for what is no day."""
    if not given:
        return now
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise Invalid("as_of is a day such as 2026-11-20.", as_of="Give a day such as 2026-11-20.") from None
    return min(datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(microseconds=1), now)
