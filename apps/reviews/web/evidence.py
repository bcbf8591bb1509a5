"""`/reviews/<n>/evidence.zip` and `/reviews/<n>/items.csv`: a review to take away."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from apps.core.errors import Conflict
from apps.core.web.context import SHELL
from apps.core.web.exports import Column, csv_response
from apps.core.web.views import ActorView
from apps.reviews.queries import sheet
from apps.reviews.queries.overview import items_to_take
from apps.reviews.rules.evidence import may_take_evidence
from apps.reviews.services.evidence import evidence_of, note_taken

CHUNK = 2000


def _name(person: Any) -> str:
    return person.name if person is not None else ""


COLUMNS = [
    Column("number", "Number", lambda item: item.number),
    Column("holder", "Who", lambda item: item.holder_label),
    Column("holder_kind", "Kind", lambda item: item.get_holder_kind_display()),
    Column("team", "Team", lambda item: item.holder_team),
    Column("operation", "Can do", lambda item: item.operation),
    Column("asset", "Asset", lambda item: item.asset_label),
    Column("tier", "Tier", lambda item: item.tier),
    Column("privileged", "Privileged", lambda item: item.privileged),
    Column("origin", "How it came", lambda item: item.origin),
    Column("granted_at", "Since (UTC)", lambda item: item.granted_at),
    Column("expires_at", "Until (UTC)", lambda item: item.expires_at),
    Column("last_used_at", "Last used (UTC)", lambda item: item.last_used_at),
    Column("pile", "Pile", lambda item: item.get_pile_display()),
    Column("reasons", "Why it asks for a look", lambda item: "; ".join(str(r.label) for r in item.reason_list)),
    Column("reviewer", "Reviewer", lambda item: _name(item.reviewer)),
    Column("decision", "Decision", lambda item: item.get_decision_display()),
    Column("decided_by", "Decided by", lambda item: _name(item.decided_by)),
    Column("decided_at", "Decided (UTC)", lambda item: item.decided_at),
    Column("defaulted", "By default", lambda item: "yes" if item.defaulted else "no"),
    Column("state", "State", lambda item: item.get_state_display()),
    Column("ended_at", "Ended (UTC)", lambda item: item.ended_at),
    Column("digest", "Digest", lambda item: item.digest),
]


class Evidence(ActorView):
    """The signed archive of a sealed review."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """Answer the ZIP; what is missing yet is told on the review's page."""
        campaign = sheet.find_campaign(self.actor, number)
        try:
            content = evidence_of(actor=self.actor, campaign=campaign)
        except Conflict as wrong:
            messages.error(request, wrong.reason)
            return redirect("reviews:overview", number)
        response = FileResponse(content, as_attachment=True, filename=f"{campaign.code}-evidence.zip")
        response.headers["Cache-Control"] = "private, no-store"
        return response


class Items(ActorView):
    """The items of a review as a table."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """Answer the CSV."""
        campaign = sheet.find_campaign(self.actor, number)
        may_take_evidence(self.actor).require()
        note_taken(self.actor, campaign, "csv")
        rows = items_to_take(campaign)
        note = "Sample data" if "sample_bar" in SHELL and SHELL["sample_bar"](request) else ""
        response = csv_response(f"{campaign.code}-items", COLUMNS, rows.iterator(chunk_size=CHUNK), note)
        response.headers["Cache-Control"] = "private, no-store"
        return response


evidence = Evidence.as_view()
items = Items.as_view()
