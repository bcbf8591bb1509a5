"""Checks: the list, and one check with its parameters, whose effect is shown before they are saved."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from apps.core import clock
from apps.core.charts import Figure, Note, SharePoint, line_with_band
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.web.exports import Column, csv_response, json_response
from apps.core.web.views import ActorView
from apps.posture import rules
from apps.posture.queries.checks import CheckDetail, CheckRow, check_detail, check_list
from apps.posture.queries.findings import reason_label
from apps.posture.queries.headline import Blind
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import last_published
from apps.posture.queries.trends import trend, version_markers
from apps.posture.services.previews import Preview, preview_parameters
from apps.posture.services.versions import set_parameters
from apps.posture.spec import CHECKS
from apps.posture.states import Outcome, Pillar
from apps.posture.web.finding import mapping_of
from apps.posture.web.forms import ParametersForm, SaveForm
from apps.posture.web.runs import WIDE
from apps.posture.web.words import parameter_text, parameters_text

COLUMNS = [
    Column("id", "Check", lambda row: row.spec.id),
    Column("title", "Title", lambda row: row.spec.title),
    Column("pillar", "Pillar", lambda row: row.spec.pillar),
    Column("severity", "Severity", lambda row: row.spec.severity),
    Column("version", "Version", lambda row: row.version.number if row.version else None),
    *(Column(outcome.value, str(outcome.label), attrgetter(f"tally.{outcome.value}")) for outcome in Outcome),
]


class CheckListView(ActorView):
    """`/setup/checks`."""

    roles = WIDE

    def get(self, request: HttpRequest, export: str = "", **kwargs: Any) -> HttpResponseBase:
        """Answer the page, or its rows."""
        run = last_published()
        rows = sorted(check_list(run), key=lambda row: (list(Pillar.values).index(row.spec.pillar), row.spec.id))
        if export:
            return (csv_response if export == "csv" else json_response)("checks", COLUMNS, rows)
        context = {"rows": [check_cells(row, run) for row in rows], "run": run, "may_tune": rules.can_tune(self.actor)}
        return render(request, "posture/check_list.html", context)


def check_cells(row: CheckRow, run: Any) -> dict[str, Any]:
    """Return a check with the addresses of what its numbers count."""
    number = run.pk if run else ""
    outcomes = ("met", "failing", "not_evaluated", "not_applicable")
    return {
        "row": row,
        "spec": row.spec,
        "tally": row.tally,
        "pillar": str(Pillar(row.spec.pillar).label),
        "urls": {name: results_url(check=row.spec.id, outcome=name, run=number) for name in outcomes},
    }


class CheckView(ActorView):
    """`/setup/checks/<ID>`: question, parameters with their effect, versions, standards, fix, totals, trend."""

    roles = WIDE

    def get(self, request: HttpRequest, check_id: str, **kwargs: Any) -> HttpResponse:
        """Answer the page."""
        return self._page(check_detail(check_id), {})

    def post(self, request: HttpRequest, check_id: str, **kwargs: Any) -> HttpResponse:
        """Show the effect of parameters, or put them in force with a note."""
        found = check_detail(check_id)
        rules.can_tune(self.actor).require()
        form = ParametersForm(request.POST, spec=found.row.spec, params=found.params)
        if not form.is_valid():
            return self._page(found, {"form": form}, 400)
        try:
            if request.POST.get("step") == "save":
                return self._save(found, form)
            return self._page(found, {"form": form, **self._preview(check_id, form)})
        except (Invalid, Conflict) as refusal:
            form.take(refusal)
            return self._page(check_detail(check_id), {"form": form}, refusal.status)

    def _preview(self, check_id: str, form: ParametersForm) -> dict[str, Any]:
        shown = preview_parameters(actor=self.actor, check_id=check_id, params=form.chosen(), now=clock.now())
        return {"preview": shown, "moves": move_rows(shown), "save_form": SaveForm(initial={"version": shown.version})}

    def _save(self, found: CheckDetail, form: ParametersForm) -> HttpResponse:
        save = SaveForm(self.request.POST)
        check_id = found.row.spec.id
        if not save.is_valid():
            context = {"form": form, **self._preview(check_id, form), "save_form": save}
            return self._page(found, context, 400)
        set_parameters(
            actor=self.actor,
            check_id=check_id,
            params=form.chosen(),
            note=save.cleaned_data["note"],
            expected_version=save.cleaned_data["version"] or None,
        )
        messages.success(self.request, f"{check_id} judges with the new parameters from the next run on.")
        return redirect("posture:check", check_id=check_id)

    def _page(self, found: CheckDetail, more: dict[str, Any], status: int = 200) -> HttpResponse:
        spec = found.row.spec
        may = rules.can_tune(self.actor)
        form = more.get("form") or ParametersForm(spec=spec, params=found.params)
        shown = [
            (parameter.label, parameter_text(parameter, found.params.get(parameter.name)))
            for parameter in spec.parameters
        ]
        context = {
            "found": found,
            "spec": spec,
            **check_cells(found.row, found.run),
            "params": shown,
            "may_tune": may,
            "mapping": mapping_of(spec),
            "blind": blind_rows(found.blind, found.run.pk if found.run else ""),
            "versions": [(version, parameters_text(spec, version.params)) for version in found.versions],
            "trend": check_trend(spec.id, found.run.as_of) if found.run else None,
            **more,
            "form": form,
        }
        return render(self.request, "posture/check_detail.html", context, status=status)


def move_rows(preview: Preview) -> list[tuple[str, str, int]]:
    """Return (before, after, how many) in words for results that would change, most first."""
    words = {"": "not judged", **{str(outcome): str(outcome.label) for outcome in Outcome}}
    moves = [(words[before], words[after], n) for (before, after), n in preview.moves.items() if before != after and n]
    return sorted(moves, key=lambda move: -move[2])


def blind_rows(blind: list[Blind], run: object) -> list[dict[str, Any]]:
    """Return why results are not evaluated, with the address of each set."""
    return [
        {
            "n": entry.n,
            "check": entry.check_id,
            "reason": reason_label(CHECKS.get(entry.check_id), entry.reason),
            "url": results_url(check=entry.check_id, outcome="not_evaluated", reason=entry.reason, run=run),
        }
        for entry in blind
    ]


def check_trend(check_id: str, until: datetime) -> Figure:
    """Return the weekly share met of a check with its changes marked."""
    markers = [Note(m.at.date(), f"version {m.number}") for m in version_markers(until, check_id=check_id)]
    return line_with_band("trend", share_points(trend(until, check_id=check_id)), notes=markers)


def share_points(points: list[Any], base: str = "") -> list[SharePoint]:
    """Return weekly tallies as points of a chart; `base` plus the day is where a click goes."""
    return [
        SharePoint(
            point.week,
            point.tally.met if point.tally else None,
            point.tally.applicable if point.tally else 0,
            point.tally.met + point.tally.not_evaluated if point.tally else None,
            f"{base}{point.week.isoformat()}" if base else "",
        )
        for point in points
    ]


def known_pillar(name: str) -> Pillar:
    """Return the pillar of an address. Raises NotFound."""
    if name not in Pillar.values:
        raise NotFound("There is no such pillar.")
    return Pillar(name)
