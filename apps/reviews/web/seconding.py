"""`/reviews/<n>/second`: a second look at a few answered items, before one sees what was answered first."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Conflict, DomainError, Forbidden
from apps.core.web.views import ActorView
from apps.reviews.models import Campaign
from apps.reviews.queries import sheet
from apps.reviews.queries.seconding import seconds_left
from apps.reviews.rules.seconding import can_look_twice
from apps.reviews.services.seconding import second
from apps.reviews.web.rows import row_of


class Second(ActorView):
    """What is left of the sample for the actor."""

    roles = (Role.CISO, Role.SECURITY_ADMIN)

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show the items as their reviewer saw them."""
        return self._page(sheet.find_campaign(self.actor, number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Keep one answer; another item than those shown is refused."""
        campaign = sheet.find_campaign(self.actor, number)
        try:
            self._answer(campaign)
        except Forbidden:
            raise
        except DomainError as wrong:
            return self._page(campaign, wrong)
        messages.success(request, "Saved. It is compared with the first answer and changes nothing.")
        return redirect("reviews:second", number)

    def _answer(self, campaign: Campaign) -> None:
        said, user = self.request.POST, self.actor.user_id
        left = seconds_left(campaign, user) if user is not None else []
        row = next((item for item in left if str(item.pk) == said.get("item", "")), None)
        if row is None:
            raise Conflict("This item is not asked about a second time, or somebody answered it since.")
        second(actor=self.actor, item=row, choice=said.get("do", ""), digest=said.get("digest", ""))

    def _page(self, campaign: Campaign, problem: DomainError | None = None) -> HttpResponse:
        now, user = clock.now(), self.actor.user_id
        left = seconds_left(campaign, user) if user is not None else []
        context = {
            "campaign": campaign,
            "rows": [row_of(item, now) for item in left],
            "may": can_look_twice(self.actor),
            "problem": problem,
        }
        return render(self.request, "reviews/second.html", context, status=problem.status if problem else 200)


page = Second.as_view()
