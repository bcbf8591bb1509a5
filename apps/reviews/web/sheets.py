"""`/reviews/<n>`: a reviewer's sheet in its three piles."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.core import clock
from apps.reviews.queries import sheet
from apps.reviews.queries.quality import quality_of
from apps.reviews.states import Pile, Reason
from apps.reviews.web.base import SheetView
from apps.reviews.web.rows import Row, row_of

#: Rows of *Look closely* and of *Probably not needed* before one asks for more.
CLOSE_ROWS, UNNEEDED_ROWS, MOST_ROWS = 25, 3, 200
#: Chips above *Look closely*: their words, and the reasons each gathers.
CHIPS: tuple[tuple[str, str, tuple[Reason, ...]], ...] = (
    ("personal", "Personal data", (Reason.PERSONAL,)),
    ("privileged", "Standing and privileged", (Reason.PRIVILEGED,)),
    ("external", "Outside", (Reason.EXTERNAL,)),
    ("ownerless", "No owner", (Reason.OWNERLESS,)),
    ("leaver", "Leavers", (Reason.LEAVER,)),
    ("mover", "Movers", (Reason.MOVER,)),
    ("duty", "Conflict of duties", (Reason.DUTY,)),
    ("governance", "Governs the portal", (Reason.GOVERNANCE,)),
)


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
            "usual_count": self.far.piles[Pile.USUAL],
            "quality": None if self.running else quality_of(self.campaign, self.seat.reviewer_id),
            "more_like_it": sheet.like_wrong(self.campaign, self.seat.reviewer_id),
        }
        return render(request, "reviews/sheet.html", context)

    def _pile(self, pile: Pile) -> Any:
        return sheet.items_of(self.campaign, self.seat.reviewer_id).filter(pile=pile).order_by("number")

    def _rows(self, items: Any) -> list[Row]:
        now = clock.now()
        return [row_of(item, now, self.whose, signed=not self.running) for item in items]

    def _close(self) -> dict[str, Any]:
        asked = self.request.GET
        items, counted = self._pile(Pile.CLOSE), self.far.piles[Pile.CLOSE]
        chip = asked.get("why", "")
        reasons = next((codes for key, _, codes in CHIPS if key == chip), ())
        counts = sheet.reason_counts(items.undecided(), tuple(code for _, _, codes in CHIPS for code in codes))
        for code in reasons:
            items = items.filter(reasons__contains=f"{code} ")
        all_of_them = asked.get("show") == "all" or not self.running
        shown = items if all_of_them else items.undecided()
        limit = MOST_ROWS if asked.get("more") == "close" or all_of_them else CLOSE_ROWS
        rows = self._rows(shown[:limit])
        total = shown.order_by().count()
        return {
            "close": rows,
            "close_count": counted,
            "close_hidden": max(0, total - len(rows)),
            "close_views": [
                self._view("Undecided", "", counted.undecided, not all_of_them),
                self._view("All", "all", counted.total, all_of_them),
            ],
            "chips": [
                {"label": label, "count": counts[codes[0]], "url": self._link(why="" if key == chip else key),
                 "current": key == chip}
                for key, label, codes in CHIPS
                if counts[codes[0]] or key == chip
            ],
            "more_close": self._link(more="close"),
        }  # fmt: skip

    def _view(self, label: str, show: str, count: int, current: bool) -> dict[str, Any]:
        return {"label": label, "url": self._link(show=show), "current": current, "count": count}

    def _link(self, **changed: str) -> str:
        query = self.request.GET.copy()
        for key, value in changed.items():
            query.pop(key, None)
            if value:
                query[key] = value
        return f"?{query.urlencode()}" if query else self.request.path

    def _unneeded(self) -> dict[str, Any]:
        items = self._pile(Pile.UNNEEDED)
        limit = MOST_ROWS if self.request.GET.get("more") == "unneeded" else UNNEEDED_ROWS
        rows = self._rows(items[:limit])
        counted = self.far.piles[Pile.UNNEEDED]
        return {
            "unneeded": rows,
            "unneeded_count": counted,
            "unneeded_hidden": max(0, counted.total - len(rows)),
            "more_unneeded": self._link(more="unneeded"),
        }

    def _usual(self, sample: Any) -> list[Row]:
        """Return the random five, where they were drawn, and those that joined *Look closely* since left out."""
        if sample is None:
            return []
        return self._rows(self._pile(Pile.USUAL).filter(pk__in=sample.items))


page = Sheet.as_view()
