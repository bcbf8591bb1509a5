"""Pages of the audit log: list with histogram, one event, erasure of its details, exports.

Reading and exporting are events themselves, and the pages say so.
"""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.audit.events import EVENT_VIEWED, LOG_EXPORTED, LOG_VIEWED
from apps.audit.models import LOGS, EntryQuerySet
from apps.audit.queries.events import counts_per_day, describe, event_of, status_lines, visible_events
from apps.audit.queries.proofs import latest_checkpoint, prove
from apps.audit.queries.verification import statuses
from apps.audit.rules import may_erase_details, may_export_package, sees_whole_log
from apps.audit.services.erasure import erase_details
from apps.audit.services.packages import package_of_events
from apps.audit.services.reads import note_read
from apps.audit.web.filters import EventFilter
from apps.audit.web.forms import ErasureForm
from apps.audit.web.tables import COLUMNS
from apps.core.charts import CountPoint, bars_per_day
from apps.core.command import record
from apps.core.errors import NotFound
from apps.core.events import Subject
from apps.core.web.context import SHELL
from apps.core.web.exports import csv_response, json_response
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView

WHOLE = Subject("audit.log", "all", "Audit log")


def asked_filters(request: HttpRequest) -> dict[str, object]:
    """Return the filters of a request as they are written down."""
    known = EventFilter.base_filters
    return {name: request.GET.getlist(name) for name in request.GET if name in known and any(request.GET.getlist(name))}


class EventList(TableView):
    """The list of events that the actor may see, newest first."""

    template_name = "audit/event_list.html"
    filename = "audit-log"
    columns = COLUMNS
    filterset_class = EventFilter
    orderings = {"at": ("at", "pk")}
    default_sort = "-at"

    def get(self, request: HttpRequest, export: str = "", **kwargs: Any) -> HttpResponseBase:
        """Answer the page, or the export of the filtered events."""
        if export not in ("", "csv", "json"):
            raise Http404
        return super().get(request, export, **kwargs)

    def rows(self) -> EntryQuerySet:
        """Return the events visible to the actor."""
        return visible_events(self.actor)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return histogram, status and what the actor may do here."""
        asked = self.request.GET.copy()
        for name in ("since", "until", "page", "sort"):
            asked.pop(name, None)
        points = []
        for day, count in counts_per_day(rows):  # type: ignore[arg-type]
            asked["since"] = asked["until"] = day.isoformat()
            points.append(CountPoint(day, {"count": count}, f"{reverse('audit:event_list')}?{asked.urlencode()}"))
        whole = sees_whole_log(self.actor)
        return {
            "figure": bars_per_day("audit-days", points),
            "statuses": status_lines(statuses(), whole_log=whole),
            "whole_log": whole,
            "package": may_export_package(self.actor),
            "logs": LOGS,
        }

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Render the page and write down that the log was read."""
        context["events"] = [describe(found) for found in context["rows"]]
        page = context["page_obj"].number
        note_read(
            LOG_VIEWED, actor=self.actor, subject=WHOLE, details={"filters": asked_filters(self.request), "page": page}
        )
        return super().respond(context)

    def _export(self, export: str, rows: QuerySet[Any]) -> HttpResponseBase:
        details = {"filters": asked_filters(self.request), "format": export, "events": rows.count()}
        record(LOG_EXPORTED, actor=self.actor, subject=WHOLE, details=details)
        note = "Sample data" if "sample_bar" in SHELL and SHELL["sample_bar"](self.request) else ""
        make = csv_response if export == "csv" else json_response
        return make(self.filename, self.columns, (describe(row) for row in rows.iterator(chunk_size=2000)), note)


class Package(ActorView):
    """The filtered events of one log as a ZIP with exact bytes, proofs, checkpoints and the stand-alone verifier."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the ZIP; who does not see the whole log gets 403."""
        may_export_package(self.actor).require()
        log = request.GET.get("log", "privileged")
        if log not in LOGS:
            raise NotFound("There is no such log.")
        query = request.GET.copy()
        query.pop("log", None)
        rows = EventFilter(query, queryset=visible_events(self.actor), request=request).qs.filter(log=log)
        content = package_of_events(actor=self.actor, log=log, rows=rows, filters=asked_filters(request))
        name = f'attachment; filename="audit-{log}.zip"'
        return HttpResponse(content, content_type="application/zip", headers={"Content-Disposition": name})


class EventDetail(ActorView):
    """One event: what changed, from where, and its proof."""

    def get(self, request: HttpRequest, log: str, seq: int) -> HttpResponse:
        """Answer the page; an event that is not visible is not there."""
        event = event_of(self.actor, log, seq)
        if event is None:
            raise NotFound("There is no such event.")
        note_read(EVENT_VIEWED, actor=self.actor, subject=Subject("audit.event", f"{log}/{seq}", f"Event {seq}"))
        context = {
            "event": event,
            "proof": prove(event.entry, latest_checkpoint(log, event.entry.seq)),
            "erasable": may_erase_details(self.actor) if event.erased_at is None else None,
        }
        return render(request, "audit/event_detail.html", context)


class EraseDetails(ActorView):
    """Erase names, address and free text of one event."""

    def get(self, request: HttpRequest, log: str, seq: int) -> HttpResponse:
        """Answer the form."""
        return self._form(request, log, seq, ErasureForm())

    def post(self, request: HttpRequest, log: str, seq: int) -> HttpResponse:
        """Erase, and go back to the event."""
        form = ErasureForm(request.POST)
        if not form.is_valid():
            return self._form(request, log, seq, form)
        erase_details(actor=self.actor, log=log, seq=seq, reason=form.cleaned_data["reason"])
        messages.success(request, f"The details of event {seq} were erased.")
        return redirect("audit:event_detail", log=log, seq=seq)

    def _form(self, request: HttpRequest, log: str, seq: int, form: ErasureForm) -> HttpResponse:
        event = event_of(self.actor, log, seq)
        if event is None:
            raise NotFound("There is no such event.")
        may_erase_details(self.actor).require()
        status = 400 if form.is_bound else 200
        return render(request, "audit/event_erase.html", {"event": event, "form": form}, status=status)
