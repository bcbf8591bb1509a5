"""Answers to many items at once: the random five, the bulk decision with its preview, and the signature."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core import clock
from apps.core.errors import DomainError, NotFound
from apps.core.numbers import plural
from apps.reviews.queries import sheet
from apps.reviews.queries.bulk import preview
from apps.reviews.services import bulk as bulks
from apps.reviews.services import sealing
from apps.reviews.states import Choice
from apps.reviews.web.base import SheetView
from apps.reviews.web.rows import row_of

#: Rows of a preview that are drawn; the number of the others is told.
SHOWN = 500
AT_ONCE = (Choice.KEEP, Choice.REVOKE)


class SampleFive(SheetView):
    """POST `/reviews/<n>/sample`: draw the items to decide one by one before the rest is kept at once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Draw them."""
        bulks.draw_sample(actor=self.actor, campaign=self.campaign, on_behalf_of=self.behalf)
        response = self.back()
        response["Location"] += "#h-usual"
        return response


class Bulk(SheetView):
    """`/reviews/<n>/bulk/<choice>`: who and what a bulk decision is about, before it is saved."""

    def get(self, request: HttpRequest, number: int, choice: str) -> HttpResponse:
        """Show the set exactly as it will be decided."""
        return self._page(choice)

    def post(self, request: HttpRequest, number: int, choice: str) -> HttpResponse:
        """Decide the set that was shown; another one is shown anew."""
        try:
            done = bulks.bulk_decide(
                actor=self.actor, campaign=self.campaign, choice=self._choice(choice),
                digest=request.POST.get("digest", ""), on_behalf_of=self.behalf,
            ).value  # fmt: skip
        except DomainError as wrong:
            return self._page(choice, wrong)
        messages.success(request, f"{Choice(choice).label}: {plural(done.count, 'item')}, logged as one decision.")
        return self.back()

    def _choice(self, choice: str) -> Choice:
        if choice not in AT_ONCE:
            raise NotFound("Only keeping and revoking are decided for many at once.")
        return Choice(choice)

    def _page(self, choice: str, problem: DomainError | None = None) -> HttpResponse:
        shown = preview(self.campaign, self.seat.reviewer_id, self._choice(choice))
        now = clock.now()
        context: dict[str, Any] = {
            "campaign": self.campaign,
            "choice": Choice(choice),
            "digest": shown.digest,
            "count": shown.count,
            "rows": [row_of(item, now) for item in shown.items[:SHOWN]],
            "hidden": max(0, shown.count - SHOWN),
            "sheet_url": self.address("sheet"),
            "running": self.running,
            "problem": problem,
        }
        return render(self.request, "reviews/bulk.html", context, status=problem.status if problem else 200)


class Sign(SheetView):
    """`/reviews/<n>/sign`: what will happen, and the signature."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Say what signing will do."""
        return self._page()

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Sign the sheet."""
        try:
            sealing.sign(actor=self.actor, campaign=self.campaign, on_behalf_of=self.behalf)
        except DomainError as wrong:
            return self._page(wrong)
        messages.success(request, "Signed. What you revoked is being removed.")
        return self.back()

    def _page(self, problem: DomainError | None = None) -> HttpResponse:
        removed = sheet.items_of(self.campaign, self.seat.reviewer_id)
        removed = removed.filter(decision__in=(Choice.REVOKE, Choice.REDUCE)).order_by("number")
        now = clock.now()
        context = {
            **self.frame(),
            "rows": [row_of(item, now) for item in removed[:SHOWN]],
            "removed_count": removed.count(),
            "sheet_url": self.address("sheet"),
            "problem": problem,
        }
        return render(self.request, "reviews/sign.html", context, status=problem.status if problem else 200)


sample = SampleFive.as_view()
bulk = Bulk.as_view()
sign = Sign.as_view()
