"""`/approvals/REQ-n`: one request with its card, and the decision about it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.access.models import AccessRequest
from apps.access.queries import mine
from apps.access.queries.card import card
from apps.access.queries.held import held_of
from apps.access.services import messages as talk
from apps.access.services import votes
from apps.access.states import RequestState
from apps.access.web.inbox import Inbox
from apps.access.web.words import span
from apps.core import clock
from apps.core.errors import DomainError, Invalid


class Approval(Inbox):
    """One request: on phones alone, on wide screens beside the list."""

    def get(self, request: HttpRequest, number: int = 0) -> HttpResponse:
        """Show it; one's own request is shown where one asks."""
        row = mine.find_request(self.actor, number)
        if self.actor.user_id in (row.requester_id, row.beneficiary_id):
            return redirect("access:request", number=number)
        return self.page(row)

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Approve, refuse, offer less, ask, or take an approval back. Refusals are told in place, with what was
        written kept."""
        row = mine.find_request(self.actor, number)
        act = self._acts().get(request.POST.get("do", ""))
        if act is None:
            raise Invalid("Choose approve, refuse, offer, ask or undo.")
        try:
            messages.success(request, act(row))
        except DomainError as wrong:
            return self.page(mine.find_request(self.actor, number), wrong, self._said())
        return redirect("access:approvals")

    def _acts(self) -> dict[str, Callable[[AccessRequest], str]]:
        return {
            "approve": self._approve,
            "refuse": self._refuse,
            "offer": self._offer,
            "ask": self._ask,
            "undo": self._undo_vote,
        }

    def _said(self) -> str:
        return self.request.POST.get("text", "").strip()

    def _digest(self) -> str:
        return self.request.POST.get("digest", "")

    def _approve(self, row: AccessRequest) -> str:
        if not self._said() and not card(row, self.actor, clock.now()).routine:
            raise Invalid("Something needs a look here: say in one line why you approve.")
        wanted = self.request.POST.get("minutes", "")
        minutes = int(wanted) if wanted.isdecimal() and len(wanted) < 7 else None
        votes.approve(actor=self.actor, request=row, digest=self._digest(), reason=self._said(), minutes=minutes)
        now = mine.find_request(self.actor, row.pk)
        if now.state == RequestState.APPROVED:
            if held_of(now) is not None:
                return "Approved: it is held, and run once when this can no longer be undone."
            return f"Approved: {row.beneficiary.name} gets {span(now.minutes)}."
        return "Approved. It goes on to the next approval."

    def _refuse(self, row: AccessRequest) -> str:
        chip = self.request.POST.get("because", "").strip()
        reason = ". ".join(part for part in (chip, self._said()) if part)
        votes.deny(actor=self.actor, request=row, digest=self._digest(), reason=reason)
        return f"Refused. {_parties(row)} told why."

    def _offer(self, row: AccessRequest) -> str:
        minutes = self.request.POST.get("offered_minutes", "")
        if not minutes.isdecimal() or len(minutes) > 6:
            raise Invalid("Choose what to offer.")
        votes.offer_less(
            actor=self.actor, request=row, digest=self._digest(), operation=self.request.POST.get("offered", ""),
            minutes=int(minutes), reason=self._said(),
        )  # fmt: skip
        return f"Offered to {row.beneficiary.name} instead."

    def _ask(self, row: AccessRequest) -> str:
        talk.ask(actor=self.actor, request=row, text=self._said())
        return f"Asked. The time to answer stands still until {row.requester.name} answers."

    def _undo_vote(self, row: AccessRequest) -> str:
        votes.undo(actor=self.actor, request=row)
        return f"Taken back: {row.name}."


def _parties(row: AccessRequest) -> str:
    if row.requester_id == row.beneficiary_id:
        return f"{row.beneficiary.name} was"
    return f"{row.requester.name} and {row.beneficiary.name} were"


page = Approval.as_view()
