"""The list of findings, and giving several of them an owner or a due date."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import cached_property

from apps.core import clock
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.numbers import plural
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView
from apps.governance.queries.exceptions import accepted_until
from apps.governance.states import ReferenceKind
from apps.posture.models import Finding, Result
from apps.posture.queries.findings import FindingFilters, finding_counts, finding_list
from apps.posture.queries.runs import last_published
from apps.posture.rules import can_work_on
from apps.posture.services.bulk import MAX_AT_ONCE, work_on_findings
from apps.posture.spec import CHECKS
from apps.posture.states import FindingState, Severity
from apps.posture.web.filters import FindingFilter
from apps.posture.web.forms import BulkForm, assignable
from apps.posture.web.results import reason_of
from apps.posture.web.subjects import link_subjects


def _title(row: Finding) -> str:
    spec = CHECKS.get(row.check_id)
    return spec.title if spec else ""


class FindingListView(TableView):
    """`/findings`: worst and most overdue first; without a state the unresolved ones."""

    template_name = "posture/finding_list.html"
    filename = "findings"
    filterset_class = FindingFilter
    orderings = {
        "severity": ("rank", "due_on", "number"),
        "check": ("check_id", "rank"),
        "subject": ("subject_label", "rank"),
        "owner": ("owner__name", "rank"),
        "since": ("opened_at", "rank"),
        "due": ("due_on", "rank"),
        "state": ("state", "rank"),
    }
    columns = [
        Column("number", "Finding", lambda f: f.name),
        Column("severity", "Severity", lambda f: f.severity),
        Column("check", "Check", lambda f: f.check_id),
        Column("title", "Title", _title),
        Column("pillar", "Pillar", lambda f: f.pillar),
        Column("subject_kind", "Subject kind", lambda f: f.subject_kind),
        Column("subject", "Subject", lambda f: f.subject_label),
        Column("owner", "Owner", lambda f: f.owner.name if f.owner else None),
        Column("opened_at", "Since", lambda f: f.opened_at),
        Column("due_on", "Due", lambda f: f.due_on),
        Column("state", "State", lambda f: f.state),
    ]

    def rows(self) -> QuerySet[Finding]:
        """Return the unresolved findings the actor may see."""
        return finding_list(self.actor, FindingFilters(), clock.now().date())

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return the unresolved findings by severity."""
        return finding_counts(self.actor)

    def known_total(self) -> int | None:
        """Return what the counts by severity say where no more than a severity is asked for."""
        if self.filters_given() - {"severity"}:
            return None
        return sum(self.counts[severity] for severity in set(self.request.GET.getlist("severity")) or self.counts)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return counts by severity, the run, and today."""
        counts = self.counts
        return {
            "counts": [(severity, str(Severity(severity).label), n) for severity, n in counts.items()],
            "open_total": sum(counts.values()),
            "run": last_published(),
            "today": clock.now().date(),
        }

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Add to the rows of this page their check, subject page, last evaluation, and whether the actor may act."""
        shown = link_subjects(self.actor, list(context["rows"].select_related("owner", "asset__owner")))
        results = Result.objects.visible_to(self.actor).filter(
            to_run__isnull=True, subject_id__in=[f.subject_id for f in shown]
        )
        stands = {(r.check_id, r.subject_id): r for r in results}
        keys = [str(row.pk) for row in shown]
        accepted = accepted_until(ReferenceKind.FINDING, keys, clock.now().date())
        for row in shown:
            row.exception = accepted.get(str(row.pk))
            row.spec, row.result = CHECKS.get(row.check_id), stands.get((row.check_id, row.subject_id))
            row.reason_text = reason_of(row.result) if row.result else ""
            row.state_tone = FindingState(row.state).tone
            row.may = bool(can_work_on(self.actor, row))
        context["rows"] = shown
        context["may_any"] = any(row.may for row in shown)
        return super().respond(context)


class BulkView(ActorView):
    """`/findings/bulk?n=…`: names the set and its count, then gives it an owner or a due date."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the form with the findings it is about."""
        return self._page(BulkForm(people=assignable(self.actor)), self._chosen(request.GET.getlist("n")))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Change all of them, or none and say why."""
        chosen = self._chosen(request.POST.getlist("n"))
        form = BulkForm(request.POST, people=assignable(self.actor))
        if not form.is_valid():
            return self._page(form, chosen, 400)
        owner, due_on = form.cleaned_data["owner"], form.cleaned_data["due_on"]
        try:
            work_on_findings(
                actor=self.actor,
                numbers=[finding.pk for finding in chosen],
                person_id=owner.pk if owner else None,
                due_on=due_on,
                note=form.cleaned_data["note"],
            )
        except (Invalid, Conflict) as refusal:
            form.take(refusal)
            return self._page(form, chosen, refusal.status)
        messages.success(request, f"{plural(len(chosen), 'finding')} changed: {_done(owner, due_on)}.")
        return redirect("posture:findings")

    def _chosen(self, given: list[str]) -> list[Finding]:
        """Return the findings that were named. Raises Invalid for none, too many or what is no number, NotFound."""
        numbers = {value for value in given if value.isdecimal() and len(value) < 18}
        if not numbers or len(numbers) != len(set(given)) or len(numbers) > MAX_AT_ONCE:
            raise Invalid(f"Choose from 1 to {MAX_AT_ONCE} findings in the list.")
        rows = finding_list(self.actor, FindingFilters(), clock.now().date()).filter(pk__in=numbers)
        found = list(rows.select_related("owner", "asset__owner"))
        if len(found) != len(numbers):
            raise NotFound("One of these findings does not exist, is resolved, or you may not see it.")
        for finding in found:
            can_work_on(self.actor, finding).require()
        return found

    def _page(self, form: BulkForm, chosen: list[Finding], status: int = 200) -> HttpResponse:
        counts = {str(severity.label).lower(): sum(f.severity == severity for f in chosen) for severity in Severity}
        named = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
        context = {"form": form, "chosen": chosen, "named": named, "set_text": plural(len(chosen), "finding")}
        return render(
            self.request, "posture/finding_bulk.html", {**context, "today": clock.now().date()}, status=status
        )


def _done(owner: Any, due_on: date | None) -> str:
    parts = [f"owner {owner.name}"] if owner else []
    return " and ".join([*parts, *([f"due {due_on:%d %b %Y}"] if due_on else [])])
