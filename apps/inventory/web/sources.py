"""Sources, uploads with preview, and imports with their progress and rejected records."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRefresh

from apps.core.actor import Role
from apps.core.errors import DomainError
from apps.core.text import display
from apps.core.ui.lists import Job, Step
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView
from apps.inventory.formats import FORMATS
from apps.inventory.importing.compare import examples
from apps.inventory.models import Import, RejectedRecord, Source
from apps.inventory.queries import sources as queries
from apps.inventory.queries.import_result import not_evaluated
from apps.inventory.rules import can_import
from apps.inventory.services.imports import confirm_import, discard_import
from apps.inventory.services.intake import upload
from apps.inventory.states import ImportState
from apps.inventory.web.forms import UploadForm

WIDE = (Role.CISO, Role.SECURITY_ADMIN, Role.AUDITOR)
JOB_STATES = {
    ImportState.QUEUED: "waiting",
    ImportState.STAGING: "running",
    ImportState.APPLYING: "running",
    ImportState.PREVIEWED: "done",
    ImportState.APPLIED: "done",
    ImportState.REFUSED: "failed",
    ImportState.DISCARDED: "cancelled",
}
AT_WORK = (ImportState.QUEUED, ImportState.STAGING, ImportState.APPLYING)


class SourceListView(TableView):
    """`/setup/sources`."""

    roles = WIDE
    template_name = "inventory/source_list.html"
    filename = "sources"
    default_sort = "name"
    orderings = {"name": ("name",), "read": ("observed_at", "name"), "records": ("-main_records", "name")}
    columns = [
        Column("name", "Source", lambda s: s.name),
        Column("format", "Format", lambda s: s.format),
        Column("observed_at", "Read as of", lambda s: s.observed_at),
        Column("main_records", "Main records", lambda s: s.main_records),
        Column("imports", "Imports", lambda s: s.import_count),
    ]

    def rows(self) -> QuerySet[Source]:
        """Return all sources."""
        return queries.list_sources(self.actor)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return what may be done, and the imports that wait for someone."""
        return {"may_import": can_import(self.actor), "waiting": queries.waiting_imports(self.actor)[:5]}


class SourceView(TableView):
    """`/setup/sources/<id>`: coverage and imports of one source."""

    roles = WIDE
    template_name = "inventory/source_detail.html"
    filename = "imports"
    columns = [
        Column("number", "Import", lambda i: i.number),
        Column("observed_at", "Taken at", lambda i: i.observed_at),
        Column("state", "State", lambda i: i.state),
        Column("created", "Created", lambda i: i.created),
        Column("updated", "Updated", lambda i: i.updated),
        Column("unchanged", "Unchanged", lambda i: i.unchanged),
        Column("gone", "Gone", lambda i: i.gone),
        Column("rejected", "Rejected", lambda i: i.rejected_count),
        Column("digest", "SHA-256", lambda i: i.digest),
    ]

    def rows(self) -> QuerySet[Import]:
        """Return the imports of the source."""
        self.source = queries.find_source(self.actor, self.kwargs["key"])
        return queries.imports_of(self.actor, self.source)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the source and what it covers."""
        known = FORMATS.get(self.source.format)
        return {
            "source": self.source,
            "format_title": known.title if known else self.source.format,
            "coverage": self.source.coverage.all(),
            "may_import": can_import(self.actor),
        }


class UploadView(ActorView):
    """`/setup/sources/upload`: take files, recognise them, and read them for a preview."""

    roles = (Role.SECURITY_ADMIN,)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the form."""
        return self._form(UploadForm(initial={"format": "auto"}))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Queue the import and go to its page; show what was wrong with the files otherwise."""
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._form(form, 400)
        given = form.cleaned_data
        try:
            owner = upload(
                actor=self.actor,
                format=given["format"],
                files=[(file.name, file) for file in given["files"]],
                source_name=given["source_name"],
                observed_at=given["observed_at"],
                accept_shrink=given["accept_shrink"],
                options=given["mapping"],
            )
        except DomainError as refusal:
            form.add_error(None, refusal.reason)
            return self._form(form, refusal.status)
        return redirect("inventory:import", number=owner.number)

    def _form(self, form: UploadForm, status: int = 200) -> HttpResponse:
        return render(self.request, "inventory/upload.html", {"form": form, "formats": list(FORMATS)}, status=status)


class ImportView(TableView):
    """`/setup/imports/<number>`: progress, preview, result, and the rejected records as a table."""

    roles = WIDE
    template_name = "inventory/import_detail.html"
    filename = "rejected-records"
    columns = [
        Column("file", "File", lambda r: r.file),
        Column("where", "Where", lambda r: r.where),
        Column("reason", "Reason", lambda r: r.reason),
    ]

    def rows(self) -> QuerySet[RejectedRecord]:
        """Return the rejected records of the import."""
        self.owner = queries.find_import(self.actor, self.kwargs["number"])
        return queries.rejected_of(self.actor, self.owner)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the job, and while it waits for a decision what it would change."""
        owner = self.owner
        previewed = owner.state == ImportState.PREVIEWED
        found = examples(owner) if previewed else {}
        tables = [
            (title, found.get(key, [])) for key, title in (("created", "New"), ("updated", "Changed"), ("gone", "Gone"))
        ]
        return {
            "owner": owner,
            "job": import_job(owner),
            "at_work": owner.state in AT_WORK,
            "previewed": previewed,
            "examples": [table for table in tables if table[1]],
            "by_kind": sorted(owner.by_kind.items()),
            "not_evaluated": not_evaluated(owner),
            "may_import": can_import(self.actor),
        }

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Have a polling page reload as a whole once the import is no longer at work."""
        if self.request.htmx and not context["at_work"]:  # type: ignore[attr-defined]
            return HttpResponseClientRefresh()
        return super().respond(context)


def import_job(owner: Import) -> Job:
    """Return the import as a progress job with real counts."""
    reading = owner.state in (ImportState.QUEUED, ImportState.STAGING)
    steps = (
        Step("Read the files", "running" if owner.state == ImportState.STAGING else "waiting" if reading else "done"),
        Step("Apply", _apply_step(owner)),
    )
    return Job(
        title=f"Import {owner.number} of {display(owner.source.name)}",
        state=JOB_STATES[ImportState(owner.state)],
        done=owner.staged,
        noun="records read",
        message=owner.problem,
        steps=steps,
        poll_url=reverse("inventory:import", args=[owner.number]) if owner.state in AT_WORK else "",
    )


def _apply_step(owner: Import) -> str:
    if owner.state == ImportState.APPLYING:
        return "running"
    if owner.state == ImportState.APPLIED:
        return "done"
    return "failed" if owner.state == ImportState.REFUSED else "waiting"


class ImportDecisionView(ActorView):
    """POST: apply or discard a previewed import."""

    roles = (Role.SECURITY_ADMIN,)
    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: int, decision: str, **kwargs: Any) -> HttpResponse:
        """Carry out the decision and return to the import's page."""
        owner = queries.find_import(self.actor, number)
        decide = {"apply": confirm_import, "discard": discard_import}[decision]
        decide(actor=self.actor, import_id=UUID(str(owner.pk)))
        return redirect("inventory:import", number=number)
