"""`/access`: what one holds, waits for and held; and the pages of one request and one grant."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.access.models import AccessRequest, Grant
from apps.access.queries import mine
from apps.access.queries.held import held_of
from apps.access.queries.inbox import can_open_in_inbox
from apps.access.queries.progress import stages_of
from apps.access.rules.requests import can_answer, can_remind, can_withdraw, has_asked
from apps.access.services import held as operations
from apps.access.services import messages as talk
from apps.access.services import requests as services
from apps.access.states import GRANT_TONES, REQUEST_TONES, GrantState, RequestState
from apps.access.web.held import held_row, now_context
from apps.access.web.once import status_of
from apps.access.web.wish import link_to
from apps.core import clock
from apps.core.errors import DomainError, Invalid
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView
from apps.governance.operations import verb_of

REFUSED_SHOWN = 10


class MyAccess(TableView):
    """What one holds now, waits for, and everything one held."""

    template_name = "access/mine.html"
    filename = "my-access"
    columns = [
        Column("grant", "Grant", lambda g: g.name),
        Column("request", "Request", lambda g: g.request.name if g.request else None),
        Column("operation", "Operation", lambda g: g.operation),
        Column("asset", "Asset", lambda g: g.asset_label),
        Column("state", "State", lambda g: g.get_state_display()),
        Column("emergency", "Emergency", lambda g: g.emergency),
        Column("activated_at", "Began", lambda g: g.activated_at),
        Column("expires_at", "Ends", lambda g: g.expires_at),
        Column("ended_at", "Seen gone", lambda g: g.ended_at),
        Column("end_reason", "Why it ended", lambda g: g.get_end_reason_display()),
    ]

    def rows(self) -> QuerySet[Grant]:
        """Return the actor's grants."""
        return mine.my_grants(self.actor)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return what is held now, what waits, and what was not granted lately."""
        refused = [(row, *_state(row)) for row in mine.not_granted(self.actor)[:REFUSED_SHOWN]]
        return {**now_context(self.actor, clock.now()), "refused": refused}

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Give each row its tone."""
        context["rows"] = [(grant, GRANT_TONES[GrantState(grant.state)]) for grant in context["rows"]]
        return super().respond(context)


class Status(ActorView):
    """`/access/REQ-n`: the steps, who has it now, what was asked and answered, and what it led to."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show the request."""
        return self._page(mine.find_request(self.actor, number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Remind, withdraw, answer, accept the lesser access offered, or run the operation that was approved."""
        row = mine.find_request(self.actor, number)
        act = self._acts().get(request.POST.get("do", ""))
        if act is None:
            raise Invalid("Choose remind, withdraw, answer, accept or run.")
        try:
            messages.success(request, act(row))
        except DomainError as wrong:
            return self._page(mine.find_request(self.actor, number), wrong)
        return redirect("access:request", number=row.pk)

    def _acts(self) -> dict[str, Callable[[AccessRequest], str]]:
        return {
            "remind": self._remind,
            "withdraw": self._withdraw,
            "answer": self._answer,
            "accept": self._accept,
            "run": self._run,
        }

    def _remind(self, row: AccessRequest) -> str:
        services.remind(actor=self.actor, request=row)
        return "They were reminded."

    def _withdraw(self, row: AccessRequest) -> str:
        services.withdraw(actor=self.actor, request=row)
        return "Withdrawn."

    def _answer(self, row: AccessRequest) -> str:
        talk.answer(actor=self.actor, request=row, text=self.request.POST.get("text", ""))
        return "Answered."

    def _accept(self, row: AccessRequest) -> str:
        if row.counter_to_id is None:
            raise Invalid("Nothing lesser was offered here.")
        talk.answer(actor=self.actor, request=row)
        return "Accepted."

    def _run(self, row: AccessRequest) -> str:
        held = held_of(row)
        if held is None:
            raise Invalid("This request is for access: there is no operation to run.")
        return f"{operations.run(actor=self.actor, held=held).get_state_display()}."

    def _page(self, row: AccessRequest, problem: DomainError | None = None) -> HttpResponse:
        now, grant = clock.now(), mine.grant_of(row)
        held = held_row(grant, self.actor, now) if grant else None
        once = held_of(row)
        state, tone = _state(row)
        offer = mine.offer_after(row) if row.state == RequestState.DENIED else None
        context: dict[str, Any] = {
            "req": row,
            "state": state,
            "tone": tone,
            "is_party": has_asked(self.actor, row),
            "stages": stages_of(row, now),
            "talk": row.messages.select_related("author"),
            "held": held,
            "once": status_of(once, self.actor, now) if once else None,
            "offer": offer,
            "offer_open": offer is not None and offer.state == RequestState.NEEDS_INFO,
            "remind": can_remind(self.actor, row, now),
            "withdraw": can_withdraw(self.actor, row),
            "answer": can_answer(self.actor, row),
            "decides": can_open_in_inbox(self.actor, row),
            "again_url": link_to(row.asset, row.operation, row.minutes),
            "facts": request_facts(row),
            "problem": problem,
            "now": now,
        }
        return render(self.request, "access/request.html", context, status=problem.status if problem else 200)


def request_facts(row: AccessRequest) -> list[tuple[str, Any]]:
    """Return what a request is about, as (label, value)."""
    facts: list[tuple[str, Any]] = [
        ("Operation", verb_of(row.operation)),
        ("Asset", row.asset_label),
        ("For", row.beneficiary.name),
        ("Asked by", row.requester.name),
        ("Tier", row.tier),
    ]
    if row.ticket:
        facts.append(("Ticket", row.ticket))
    if row.extends is not None:
        facts.append(("Extends", row.extends.name))
    return facts


def _state(row: AccessRequest) -> tuple[str, str]:
    state = RequestState(row.state)
    return str(state.label), REQUEST_TONES[state]


table = MyAccess.as_view()
status = Status.as_view()
