"""The overview as everyone sees it who may: drawn once, kept until something it shows changes.

What is one person's (the decisions that wait, the shell) and what is of the moment (stale sources, a run at work) is no
part of it: the view draws these at each request, after it has judged who asks.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.engine import Engine
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse

from apps.core.actor import Actor
from apps.core.charts import CountPoint, Figure, Note, SharePoint, line_with_band, stacked_bars_weekly
from apps.core.ui.words import short_day
from apps.insights.queries.history import newest_snapshot
from apps.insights.queries.overview import Overview, PillarRow, overview, results_to_go
from apps.insights.web.accepted import accepted_context
from apps.insights.web.access import access_context
from apps.insights.web.reviews import reviews_context
from apps.insights.web.tiles import tile_context
from apps.inventory.queries.kept import kept
from apps.posture.queries.links import findings_url, results_url
from apps.posture.queries.scope import scope_change
from apps.posture.states import Pillar, Severity

#: Whatever is changed may show on the overview, so that each privileged event draws it anew.
ALL_EVENTS = ("",)

PARTS = {
    "lead": "insights/_lead.html",
    "proven": "insights/_proven.html",
    "rest": "insights/_after_decisions.html",
    "note": "insights/_note.html",
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The parts of the page, as HTML, and the two facts that its head prints; `as_of` is None where nothing is judged.

    In their order; the decisions stand between `proven` and `rest`.
    """

    as_of: datetime | None
    applicable: int = 0
    lead: str = ""
    proven: str = ""
    rest: str = ""
    note: str = ""


def drawn(actor: Actor, *, at: datetime, period: str) -> Drawn:
    """Return the overview as of the last run published at or before `at`; two queries while nothing changes.

    It depends on the privileged events so far, the newest snapshot, the day, the period and the templates. `actor` is
    one who sees everything; others are refused by `overview`.
    """
    name = f"overview:{period}:{at.date()}:{newest_snapshot()}:{_markup()}"
    if settings.DEBUG:
        return _draw(actor, at, period)
    return kept(actor, name, ALL_EVENTS, lambda: _draw(actor, at, period))


@lru_cache(maxsize=1)
def _markup() -> str:
    """Return a digest of the templates and icons, so that an upgrade shows no page of the version before."""
    digest = hashlib.sha256(static("icons/sprite.svg").encode())
    for folder in Engine.get_default().dirs:
        for file in sorted(Path(folder).rglob("*.html")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _draw(actor: Actor, at: datetime, period: str) -> Drawn:
    urls = {pillar: reverse("posture:pillar", args=[pillar]) for pillar in Pillar.values}
    found = overview(actor, at=at, period=period, pillar_url=urls)
    if found.run is None or found.tally.empty:
        return Drawn(None)
    context = {"found": found, **overview_context(found, at.date())}
    return Drawn(
        as_of=found.run.as_of,
        applicable=found.tally.applicable,
        **{part: render_to_string(template, context) for part, template in PARTS.items()},
    )


def overview_context(found: Overview, today: date) -> dict[str, Any]:
    """Return what the kept parts print."""
    run = found.run.pk if found.run else ""
    severities = severity_rows(found)
    return {
        **tile_context(found, severities),
        "proven_change": _points(found),
        "proven_since": f"since {short_day(found.since.date())}" if found.since else "",
        "open_total": sum(row["open"] for row in severities),
        "pillar_rows": [_pillar(row, run) for row in found.pillars],
        "proven": proven_figure(found),
        "open_findings": findings_figure(found),
        "severities": severities,
        "to_go": results_to_go(found.tally, found.target),
        "legend_urls": {
            key: results_url(outcome=key, run=run) for key in ("met", "accepted", "failing", "not_evaluated")
        },
        "not_applicable_url": results_url(outcome="not_applicable", run=run),
        "today": today,
        **access_context(found),
        **accepted_context(found),
        **reviews_context(found),
    }


def proven_figure(found: Overview) -> Figure:
    """Return the weekly share proven met with its ceiling and target; changes of checks are marked."""
    base = reverse("insights:posture")
    points = [
        SharePoint(
            point.week,
            point.tally.met if point.tally else None,
            point.tally.applicable if point.tally else 0,
            point.tally.met + point.tally.not_evaluated if point.tally else None,
            f"{base}?as_of={point.week.isoformat()}",
        )
        for point in found.points
    ]
    changed = scope_change(found.points)
    notes = [Note(*changed), *_version_notes(found)] if changed else _version_notes(found)
    return line_with_band("proven", points, target=found.target, notes=notes[:2])


def _version_notes(found: Overview) -> list[Note]:
    return [
        Note(marker.at.date(), f"{marker.check_id} judges differently, version {marker.number}")
        for marker in found.markers
    ]


def findings_figure(found: Overview) -> Figure:
    """Return open critical and high findings per week; medium and low are in the table, as the unit line says."""
    points = [
        CountPoint(
            week.week,
            {s: week.counts[s][1] if week.counts else None for s in ("critical", "high")},
            f"{reverse('insights:posture')}?as_of={week.week.isoformat()}",
        )
        for week in found.findings
    ]
    return stacked_bars_weekly(
        "findings", points, unit="columns show critical and high; medium and low are in the table"
    )


def severity_rows(found: Overview) -> list[dict[str, Any]]:
    """Return per severity: open, change over the period, past due, and days to fix."""
    known = [week.counts for week in found.findings if week.counts]
    rows = []
    for severity in Severity.values:
        late, still_open = known[-1][severity] if known else (0, 0)
        change = still_open - known[0][severity][1] if len(known) > 1 else None
        days = found.due.get(severity)
        rows.append(
            {
                "severity": severity,
                "open": still_open,
                "change": change,
                "late": late,
                "within": f"{days} days" if days else "no limit",
                "url": findings_url(severity=severity),
                "late_url": findings_url(severity=severity, late="yes"),
            }
        )
    return rows


def _points(found: Overview) -> int | None:
    if found.before is None:
        return None
    return (found.tally.ratio.percent or 0) - (found.before.ratio.percent or 0)


def _pillar(row: PillarRow, run: object) -> dict[str, Any]:
    stage = row.stage.stage if row.stage else None
    return {
        "name": row.name,
        "url": row.url,
        "tally": row.tally,
        "target": row.target,
        "to_go": row.to_go,
        "change": row.change,
        "stage_text": str(stage.label) if stage else "no stage yet" if row.stage else "our own pillar",
        "links": {o: results_url(pillar=row.key, outcome=o, run=run) for o in ("met", "failing", "not_evaluated")},
    }
