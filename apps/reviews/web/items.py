"""`/reviews/<n>/items/<m>`: one item with its facts, and every answer to it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from apps.core import clock
from apps.core.errors import DomainError, Invalid, NotFound
from apps.governance.operations import OPERATIONS
from apps.reviews.models import Item
from apps.reviews.queries import sheet
from apps.reviews.services import deciding, rerouting
from apps.reviews.states import ITEM_TONES, Choice, ItemState, Pile
from apps.reviews.web.base import SheetView
from apps.reviews.web.rows import row_of

FOUND = 20


class ItemPage(SheetView):
    """One item of the sheet."""

    def get(self, request: HttpRequest, number: int, item: int) -> HttpResponse:
        """Show its facts, its answers so far, and the answers that need words."""
        return self._page(self._item(item))

    def post(self, request: HttpRequest, number: int, item: int) -> HttpResponse:
        """Answer. From a row of the sheet (htmx) the row comes back, else the sheet; refusals are told in place."""
        row = self._item(item)
        problem: DomainError | None = None
        try:
            said = self._act(row)
        except DomainError as wrong:
            problem, said = wrong, ""
        if getattr(request, "htmx", False):
            return self._answered(row, problem)
        if problem is not None:
            return self._page(self._item(item), problem)
        messages.success(request, said)
        # The answered row is out of the list of the undecided; whoever works without script goes on with the next.
        return self.back(sheet.next_open(row) or row.pk)

    def _item(self, number: int) -> Item:
        found = sheet.items_of(self.campaign, self.seat.reviewer_id).filter(pk=number).first()
        if found is None:
            raise NotFound("This item is not on the sheet any more.")
        return found

    def _act(self, row: Item) -> str:
        asked = self.request.POST.get("do", "")
        acts: dict[str, Callable[[Item], str]] = {
            "undo": self._withdraw,
            "not_mine": self._not_mine,
            **dict.fromkeys((Choice.KEEP, Choice.REVOKE, Choice.REDUCE, Choice.ABSTAIN), self._decide),
        }
        if asked not in acts:
            raise Invalid("Choose keep, revoke, reduce, cannot say or not mine.")
        return acts[asked](row)

    def _decide(self, row: Item) -> str:
        said = self.request.POST
        choice = Choice(said["do"])
        deciding.decide(
            actor=self.actor, item=row, choice=choice, digest=said.get("digest", ""), note=said.get("note", "").strip(),
            less=self._less() if choice == Choice.REDUCE else None, on_behalf_of=self.behalf,
        )  # fmt: skip
        return f"Saved: {Choice(choice).label.lower()}."

    def _less(self) -> dict[str, Any]:
        said = self.request.POST
        wanted: dict[str, Any] = {
            "operation": said.get("operation", ""), "until": said.get("until", ""),
            "just_in_time": said.get("just_in_time") == "on",
        }  # fmt: skip
        return {name: value for name, value in wanted.items() if value}

    def _withdraw(self, row: Item) -> str:
        deciding.withdraw(actor=self.actor, item=row, on_behalf_of=self.behalf)
        return "Taken back."

    def _not_mine(self, row: Item) -> str:
        to = sheet.by_id(self.request.POST.get("to", ""))
        if to is None:
            raise Invalid("Name the person who knows.", to="Choose from the list.")
        rerouting.not_mine(actor=self.actor, item=row, to=to, note=self.request.POST.get("note", "").strip())
        return f"Given to {to.name}."

    def _answered(self, row: Item, problem: DomainError | None) -> HttpResponse:
        items = sheet.items_of(self.campaign, self.seat.reviewer_id)
        fresh = items.filter(pk=row.pk).first()
        context: dict[str, Any] = {**self.frame(), "problem": problem, "swap": True}
        context["close"] = self.request.POST.get("cells") == "close"
        context["row"] = row_of(fresh or row, context["now"], self.whose, signed=not self.running, joined=self.joined)
        asked = QueryDict(self.request.headers.get("HX-Current-URL", "").partition("#")[0].partition("?")[2])
        context |= self.close_bar(asked).context(items.filter(pile=Pile.CLOSE), self.far.piles[Pile.CLOSE])
        context["gone"] = fresh is None
        return render(self.request, "reviews/_answered.html", context)

    def _page(self, row: Item, problem: DomainError | None = None) -> HttpResponse:
        now, words = clock.now(), self.request.GET.get("q", "").strip()
        known = OPERATIONS.get(row.operation)
        context: dict[str, Any] = {
            "campaign": self.campaign,
            "row": row_of(row, now, self.whose, signed=not self.running, joined=self.joined),
            "state": ItemState(row.state),
            "tone": ITEM_TONES[ItemState(row.state)],
            "history": row.decisions.select_related("reviewer", "on_behalf_of").order_by("-number"),
            "routings": row.routings.select_related("before", "after").order_by("-pk"),
            "operations": [OPERATIONS[key] for key in (known.less if known else ())],
            "people": sheet.named(row, words)[:FOUND] if words else (),
            "words": words,
            "running": self.running,
            "principal": self.principal,
            "whose": self.whose,
            "sheet_url": self.address("sheet"),
            "problem": problem,
            "said": self.request.POST,
        }
        return render(self.request, "reviews/item.html", context, status=problem.status if problem else 200)


page = ItemPage.as_view()
