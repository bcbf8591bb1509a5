"""`/exceptions`: what waits for one's signature, what is accepted until when, and what is over."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse

from apps.core import clock
from apps.core.errors import Invalid
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.governance.models import RiskException
from apps.governance.queries.exceptions import exception_list, may_sign_some, state_of, to_sign
from apps.governance.queries.limits import max_days
from apps.governance.states import ExceptionState, Severity

VIEWS = {"sign": "Mine to sign", "waiting": "Waiting", "active": "Active", "over": "Over"}


class ExceptionListView(TableView):
    """Four views of the exceptions that the actor may see; at most 26 queries with the shell of the page."""

    template_name = "governance/exception_list.html"
    filename = "exceptions"
    columns = [
        Column("name", "Exception", lambda row: row.name),
        Column("about", "About", lambda row: row.label),
        Column("kind", "Kind", lambda row: row.kind),
        Column("severity", "Severity", lambda row: row.severity),
        Column("state", "State", lambda row: row.state),
        Column("ends_on", "Last day", lambda row: row.ends_on),
        Column("asked_by", "Asked by", lambda row: row.asked_by.name),
        Column("asked_at", "Asked", lambda row: row.asked_at),
        Column("compensating_check", "Compensating check", lambda row: row.comp_check),
        Column("compensating_subject", "Of", lambda row: row.comp_label),
        Column("active_at", "In force since", lambda row: row.active_at),
        Column("ended_at", "Ended", lambda row: row.ended_at),
        Column("end_reason", "Why", lambda row: row.end_reason),
        Column("reason", "Reason", lambda row: row.because),
    ]

    def _chosen(self) -> str:
        given = self.request.GET.get("view", "")
        if given and given not in VIEWS:
            raise Invalid(f"A view is {', '.join(VIEWS)}.", view="Choose one of these.")
        return given or ("sign" if self._view("sign").exists() else "active")

    def _view(self, name: str) -> QuerySet[RiskException]:
        today = clock.now().date()
        if name == "sign":
            return to_sign(self.actor, today)
        rows = exception_list(self.actor)
        if name == "waiting":
            return rows.filter(state__in=[ExceptionState.ASKED, ExceptionState.SIGNED], ends_on__gte=today)
        in_force = rows.filter(state=ExceptionState.ACTIVE, ends_on__gte=today)
        if name == "active":
            return in_force
        waiting = rows.filter(state__in=[ExceptionState.ASKED, ExceptionState.SIGNED], ends_on__gte=today)
        return rows.exclude(pk__in=in_force.values("pk")).exclude(pk__in=waiting.values("pk")).order_by("-number")

    def rows(self) -> QuerySet[RiskException]:
        """Return the exceptions of the chosen view."""
        return self._view(self._chosen())

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the views with their counts, and the longest time allowed."""
        chosen = self._chosen()
        names = [name for name in VIEWS if name != "sign" or may_sign_some(self.actor)]
        return {
            "view": chosen,
            "views": [
                {
                    "label": VIEWS[name],
                    "url": f"?view={name}",
                    "current": name == chosen,
                    "count": self._view(name).count() if name != "over" else None,
                }
                for name in names
            ],
            "limits": [(str(Severity(severity).label), days) for severity, days in max_days().items()],
            "today": clock.now().date(),
        }

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Add the state of each row as it is today."""
        rows = list(context["rows"])
        for row in rows:
            row.state_text, row.state_tone = state_of(row, context["today"])
        context["rows"] = rows
        return super().respond(context)
