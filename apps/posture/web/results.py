"""The list of results: exactly the rows that a number counts."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse

from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.posture.models import Result
from apps.posture.queries.findings import ResultFilters, reason_label, result_list
from apps.posture.queries.runs import last_published, run_list
from apps.posture.spec import CHECKS
from apps.posture.web.filters import ResultFilter
from apps.posture.web.subjects import link_subjects
from apps.posture.web.words import evidence_pairs, expected_of


def reason_of(row: Result) -> str:
    """Return the reason of a result in words."""
    return reason_label(CHECKS.get(row.check_id), row.reason) if row.reason else ""


class ResultListView(TableView):
    """`/posture/results`: as of the last published run, or of `run`."""

    template_name = "posture/result_list.html"
    filename = "results"
    filterset_class = ResultFilter
    orderings = {
        "check": ("check_id", "subject_label"),
        "subject": ("subject_label", "check_id"),
        "outcome": ("outcome", "check_id", "subject_label"),
    }
    columns = [
        Column("check", "Check", lambda r: r.check_id),
        Column("version", "Version", lambda r: r.version.number),
        Column("subject_kind", "Subject kind", lambda r: r.subject_kind),
        Column("subject", "Subject", lambda r: r.subject_label),
        Column("subject_id", "Subject id", lambda r: r.subject_id),
        Column("outcome", "Result", lambda r: r.outcome),
        Column("reason", "Reason", reason_of),
        Column("since_run", "Since run", lambda r: r.from_run),
        Column("evidence", "Evidence", lambda r: r.evidence),
    ]

    def rows(self) -> QuerySet[Result]:
        """Return the results the actor may see."""
        return result_list(self.actor, ResultFilters())

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the run that the list is as of."""
        asked = self.request.GET.get("run", "")
        return {"run": run_list(self.actor).filter(pk=int(asked)).first() if asked.isdecimal() else last_published()}

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Add pages of subjects, titles and evidence in words to the rows of this page."""
        for row in (shown := link_subjects(self.actor, context["rows"])):
            row.spec, row.reason_text = CHECKS.get(row.check_id), reason_of(row)
            row.pairs, row.expected = evidence_pairs(row.evidence), expected_of(row.evidence)
        context["rows"] = shown
        return super().respond(context)
