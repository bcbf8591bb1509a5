"""POST `/reviews/<n>/removals/<m>`: report a removal by hand."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.core.errors import DomainError, Invalid, NotFound
from apps.core.web.views import ActorView
from apps.reviews.models import Campaign, Removal
from apps.reviews.queries import overview, sheet
from apps.reviews.queries.exceptions import about_items, owners_of
from apps.reviews.rules.removal import can_report_done
from apps.reviews.services import removal as services
from apps.reviews.states import ITEM_TONES, ItemState
from apps.reviews.web.rows import row_of

SHOWN = 50


def removal_rows(actor: Any, campaign: Campaign, now: Any) -> list[dict[str, Any]]:
    """Return the removals not seen gone with what the actor may do about each. Two queries, and one for each that has
    neither an owner of its asset nor somebody who removes it."""
    found = list(overview.removals(actor, campaign)[:SHOWN])
    exceptions = about_items([one.item for one in found])
    return [
        {
            "removal": one,
            "row": row_of(one.item, now),
            "tone": ITEM_TONES[ItemState(one.item.state)],
            "report": one.done_at is None and bool(can_report_done(actor, one)),
            "exception": exceptions.get(str(one.item.pk)),
            "ask": str(one.item.pk) not in exceptions and actor.user_id in owners_of(one.item),
        }
        for one in found
    ]


class Act(ActorView):
    """One removal."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: int, item: int) -> HttpResponse:
        """Report; a refusal is told on the campaign's page."""
        campaign = sheet.find_campaign(self.actor, number)
        row = overview.removals(self.actor, campaign).filter(pk=item).first()
        if row is None:
            raise NotFound("There is nothing to remove here any more.")
        try:
            messages.success(request, self._act(row))
        except DomainError as wrong:
            messages.error(request, wrong.reason)
        return redirect("reviews:overview", number)

    def _act(self, row: Removal) -> str:
        said = self.request.POST
        if said.get("do") != "done":
            raise Invalid("Say that it is done.")
        services.done_by_hand(actor=self.actor, removal=row, proof=said.get("proof", ""))
        return "Reported. It counts as done when the source shows it gone."


act = Act.as_view()
