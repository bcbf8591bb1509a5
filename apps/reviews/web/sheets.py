"""`/reviews/<n>`: a reviewer's sheet in its three piles."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core import clock
from apps.reviews.queries import sheet
from apps.reviews.queries.quality import quality_of
from apps.reviews.states import Pile
from apps.reviews.web.base import SheetView
from apps.reviews.web.rows import Row, row_of

#: Rows of *Look closely* and of *Probably not needed* before one asks for more.
CLOSE_ROWS, UNNEEDED_ROWS, MOST_ROWS = 25, 3, 200


class Sheet(SheetView):
    """The sheet. Twenty queries at most, however many items."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show progress, the three piles and what signing will do."""
        frame = self.frame()
        context: dict[str, Any] = {
            **frame,
            **self._close(),
            **self._unneeded(),
            "usual": self._usual(frame["sample"]),
            "quality": None if self.running else quality_of(self.campaign, self.seat.reviewer_id),
        }
        return render(request, "reviews/sheet.html", context)

    def _pile(self, pile: Pile) -> Any:
        return sheet.items_of(self.campaign, self.seat.reviewer_id).filter(pile=pile).order_by("number")

    def _rows(self, items: Any) -> list[Row]:
        now = clock.now()
        signed, joined = not self.running, self.joined
        return [row_of(item, now, self.whose, signed=signed, joined=joined) for item in items]

    def _close(self) -> dict[str, Any]:
        bar, items = self.close_bar(self.request.GET), self._pile(Pile.CLOSE)
        shown = bar.narrowed(items)
        limit = MOST_ROWS if self.request.GET.get("more") == "close" or bar.all else CLOSE_ROWS
        rows = self._rows(shown[:limit])
        return {
            "close": rows,
            "close_hidden": max(0, shown.order_by().count() - len(rows)),
            "more_close": bar.link(more="close"),
            **bar.context(items, self.far.piles[Pile.CLOSE]),
        }

    def _unneeded(self) -> dict[str, Any]:
        items = self._pile(Pile.UNNEEDED)
        limit = MOST_ROWS if self.request.GET.get("more") == "unneeded" else UNNEEDED_ROWS
        rows = self._rows(items[:limit])
        counted = self.far.piles[Pile.UNNEEDED]
        return {
            "unneeded": rows,
            "unneeded_hidden": max(0, counted.total - len(rows)),
            "more_unneeded": self.close_bar(self.request.GET).link(more="unneeded"),
        }

    def _usual(self, sample: Any) -> list[Row]:
        """Return the random five, where they were drawn, and those that joined *Look closely* since left out."""
        if sample is None:
            return []
        return self._rows(self._pile(Pile.USUAL).filter(pk__in=sample.items))


page = Sheet.as_view()
