"""Which items of *Look closely* a sheet shows: the undecided or all, and those of one reason."""

from typing import Any

from django.http import QueryDict

from apps.reviews.queries.sheet import PileCount, reason_counts
from apps.reviews.states import Reason

#: Chips above *Look closely*: their words, and the reason each is about.
CHIPS: tuple[tuple[str, str, Reason], ...] = (
    ("personal", "Personal data", Reason.PERSONAL),
    ("privileged", "Standing and privileged", Reason.PRIVILEGED),
    ("external", "Outside", Reason.EXTERNAL),
    ("ownerless", "No owner", Reason.OWNERLESS),
    ("leaver", "Leavers", Reason.LEAVER),
    ("mover", "Movers", Reason.MOVER),
    ("duty", "Conflict of duties", Reason.DUTY),
    ("governance", "Governs the portal", Reason.GOVERNANCE),
)


class CloseBar:
    """The choices above *Look closely*, as the query string of the sheet says."""

    def __init__(self, asked: QueryDict, path: str, *, running: bool) -> None:
        self.asked, self.path = asked, path
        self.all = asked.get("show") == "all" or not running
        self.why = asked.get("why", "")

    def link(self, **changed: str) -> str:
        """Return the sheet with parts of its query string changed; an empty part is left out."""
        query = self.asked.copy()
        for key, value in changed.items():
            query.pop(key, None)
            if value:
                query[key] = value
        return f"{self.path}?{query.urlencode()}" if query else self.path

    def narrowed(self, items: Any) -> Any:
        """Return those of the items that are chosen."""
        reason = next((code for key, _, code in CHIPS if key == self.why), None)
        found = items if reason is None else items.filter(reasons__contains=f"{reason} ")
        return found if self.all else found.undecided()

    def context(self, items: Any, counted: PileCount) -> dict[str, Any]:
        """Return what the bar draws, of the pile's items and its count. One query."""
        counts = reason_counts(items.undecided(), tuple(code for _, _, code in CHIPS))
        return {
            "close_views": [
                self._view("Undecided", "", counted.undecided, not self.all),
                self._view("All", "all", counted.total, self.all),
            ],
            "chips": [
                {"label": label, "count": counts[code], "url": self.link(why="" if key == self.why else key),
                 "current": key == self.why}
                for key, label, code in CHIPS
                if counts[code] or key == self.why
            ],
        }  # fmt: skip

    def _view(self, label: str, show: str, count: int, current: bool) -> dict[str, Any]:
        return {"label": label, "url": self.link(show=show), "current": current, "count": count}
