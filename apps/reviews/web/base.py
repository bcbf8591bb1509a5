"""What every page of a sheet starts from: the campaign, whose sheet it is, and how far it is."""

from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import NotFound
from apps.core.web.views import ActorView
from apps.reviews.models import Campaign, Seat
from apps.reviews.queries import sheet
from apps.reviews.queries.bulk import SAMPLE_SIZE, sample_left, sample_of
from apps.reviews.states import CampaignState, Pile
from apps.reviews.web.close import CloseBar


class SheetView(ActorView):
    """A page about a reviewer's sheet: one's own, or with `?for=` that of somebody one stands in for.

    Whoever sees the campaign and has no sheet in it is sent to its overview.
    """

    campaign: Campaign
    seat: Seat

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find campaign and sheet before any handler runs."""
        actor = getattr(request, "actor", None)
        if actor is not None and hasattr(self, str(request.method).lower()):
            self.campaign = sheet.find_campaign(actor, kwargs["number"])
            seat = self._seat()
            if seat is None:
                return redirect("reviews:overview", self.campaign.pk)
            self.seat = seat
        return super().dispatch(request, *args, **kwargs)

    def _seat(self) -> Seat | None:
        found = list(sheet.seats_of(self.actor, self.campaign))
        wanted = self.request.GET.get("for", "")
        if wanted:
            chosen = next((seat for seat in found if str(seat.reviewer_id) == wanted), None)
            if chosen is None:
                raise NotFound("You do not stand in for that reviewer.")
            return chosen
        own = next((seat for seat in found if seat.reviewer_id == self.actor.user_id), None)
        return own or (found[0] if found else None)

    @property
    def running(self) -> bool:
        """Return whether answers are still taken."""
        return self.campaign.state == CampaignState.ACTIVE and self.seat.signed_at is None

    @property
    def principal(self) -> User | None:
        """Return on whose behalf one answers; None for one's own sheet."""
        return self.seat.reviewer if self.seat.reviewer_id != self.actor.user_id else None

    @property
    def behalf(self) -> UUID | None:
        """Return the id of `principal`."""
        return self.principal.pk if self.principal else None

    @property
    def whose(self) -> str:
        """Return the query string that keeps the sheet."""
        return f"?for={self.seat.reviewer_id}" if self.principal else ""

    def address(self, name: str, *args: object) -> str:
        """Return the address of a page of this sheet."""
        return reverse(f"reviews:{name}", args=[self.campaign.pk, *args]) + self.whose

    @cached_property
    def far(self) -> sheet.Progress:
        """Return how far the sheet is."""
        return sheet.progress(self.campaign, self.seat.reviewer_id)

    @cached_property
    def joined(self) -> frozenset[int]:
        """Return which items joined *Look closely* because one like them was found wrong."""
        return sheet.like_wrong(self.campaign, self.seat.reviewer_id)

    def close_bar(self, asked: QueryDict) -> CloseBar:
        """Return the choices above *Look closely* for a query string of the sheet."""
        return CloseBar(asked, reverse("reviews:sheet", args=[self.campaign.pk]), running=self.running)

    def frame(self) -> dict[str, Any]:
        """Return what every part of the sheet shows: progress, pace, what is left. At most seven queries."""
        now, reviewer = clock.now(), self.seat.reviewer_id
        sample = sample_of(self.campaign, reviewer)
        undrawn = sample_left(sample) if sample else 0
        return {
            "campaign": self.campaign,
            "seat": self.seat,
            "far": self.far,
            "piles": [(pile, counted) for pile, counted in self.far.piles.items()],
            "close_count": self.far.piles[Pile.CLOSE],
            "unneeded_count": self.far.piles[Pile.UNNEEDED],
            "usual_count": self.far.piles[Pile.USUAL],
            "more_like_it": len(self.joined),
            "minutes": sheet.minutes_left(self.campaign, reviewer, self.far, undrawn),
            "saved": sheet.last_saved(self.campaign, reviewer),
            "fast": sheet.kept_lately(self.campaign, reviewer, now) > sheet.FAST,
            "sample": sample,
            "sample_left": undrawn,
            "sample_size": min(SAMPLE_SIZE, self.far.piles[Pile.USUAL].undecided),
            "running": self.running,
            "principal": self.principal,
            "whose": self.whose,
            "now": now,
        }

    def back(self, item_id: int | None = None) -> HttpResponse:
        """Return to the sheet, at an item."""
        return redirect(self.address("sheet") + (f"#item-{item_id}" if item_id else ""))
