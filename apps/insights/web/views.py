"""The overview and the definitions of its numbers."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core import clock
from apps.core.actor import WIDE_ROLES, Role
from apps.core.errors import Invalid
from apps.core.metrics import METRICS
from apps.core.web.views import ActorView
from apps.insights.queries.overview import PERIODS, moment
from apps.insights.web.decisions import decisions_for
from apps.insights.web.drawing import drawn
from apps.posture.queries.runs import first_published_at

WIDE = tuple(sorted(WIDE_ROLES, key=lambda role: list(Role).index(role)))
DEFAULT_PERIOD = "90d"


class OverviewView(ActorView):
    """`/posture?as_of=YYYY-MM-DD&period=90d`."""

    roles = WIDE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the overview of the last published run, or of the day asked for."""
        period = request.GET.get("period", DEFAULT_PERIOD)
        if period not in PERIODS:
            raise Invalid("A period is 30d, 90d or 12m.", period="Choose 30d, 90d or 12m.")
        now = clock.now()
        at = _end_of_day(request.GET.get("as_of", ""), now)
        shown = drawn(self.actor, at=at, period=period)
        if shown.as_of is None:
            first = first_published_at() if request.GET.get("as_of") else None
            nothing = {"may_import": self.actor.has(Role.SECURITY_ADMIN), "first": first}
            return render(request, "insights/overview_empty.html", nothing)
        context = {
            "shown": shown,
            "moment": moment(at),
            "decisions": decisions_for(self.actor, at.date(), now),
            "is_history": bool(request.GET.get("as_of")),
            "periods": [
                {"label": label, "url": f"?period={key}", "current": key == period}
                for key, (label, _, _) in PERIODS.items()
            ],
        }
        return render(request, "insights/overview.html", context)


def _end_of_day(given: str, now: datetime) -> datetime:
    """Return the last instant of the day asked for; now for none. Raises Invalid for what is no day."""
    if not given:
        return now
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise Invalid("as_of is a day such as 2026-11-20.", as_of="Give a day such as 2026-11-20.") from None
    return min(datetime.combine(day + timedelta(days=1), time(), UTC) - timedelta(microseconds=1), now)


class MetricsHelpView(ActorView):
    """`/help/metrics`: how each number is calculated."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the definitions."""
        return render(request, "insights/metrics_help.html", {"metrics": list(METRICS)})
