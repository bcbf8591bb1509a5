"""`/approvals`: what waits for one, what waits for others, what is decided; beside the first of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.access.models import AccessRequest
from apps.access.queries import inbox, mine
from apps.access.queries.emergency import review_count
from apps.access.queries.grants import open_task_count
from apps.access.rules.requests import can_undo
from apps.access.states import REQUEST_TONES, RequestState
from apps.access.web.card import card_context
from apps.access.web.words import PHRASES, span, time_left
from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import DomainError
from apps.core.web.views import ActorView
from apps.governance.operations import OPERATIONS, verb_of

#: Rows of one list; more are on further pages.
PER_PAGE = 50
TABS = (("", "For me"), ("others", "With others"), ("decided", "Decided"))


@dataclass(frozen=True, slots=True)
class Row:
    """A request in the list: who (and who asked for them), what, for how long, at most one flag, and the time left."""

    request: AccessRequest
    who: str
    asked_by: str
    program: bool
    what: str
    length: str
    flag: str
    flag_tone: str
    due: str
    due_tone: str
    url: str


def row_of(request: AccessRequest, now: datetime, view: str) -> Row:
    """Return a request as a row. No query."""
    due, tone = time_left(request.stage_due_at, now)
    flag, flag_tone = _flag(request)
    if request.state == RequestState.NEEDS_INFO:
        due, tone = "question open", ""
    elif request.decided_at is not None:
        state = RequestState(request.state)
        due, tone = str(state.label), "bad" if REQUEST_TONES[state] == "bad" else ""
    verb, preposition = PHRASES.get(request.operation, (verb_of(request.operation), ""))
    address = reverse("access:approval", args=[request.pk])
    return Row(
        request=request,
        who=request.beneficiary.name,
        asked_by=request.requester.name if request.requester_id != request.beneficiary_id else "",
        program=request.beneficiary.kind == User.Kind.SERVICE,
        what=f"{verb[0].upper()}{verb[1:]} {preposition}".strip(),
        length="Once" if hasattr(request, "held") else span(request.minutes),
        flag=flag,
        flag_tone=flag_tone,
        due=due,
        due_tone=tone,
        url=f"{address}?view={view}" if view else address,
    )


def _flag(request: AccessRequest) -> tuple[str, str]:
    """Return what is most worth knowing before opening it."""
    operation = OPERATIONS.get(request.operation)
    if operation is not None and operation.irreversible:
        return "Cannot be taken back", "warn"
    if request.tier == 1:
        return "Tier 1", "warn"
    if request.beneficiary.kind == User.Kind.SERVICE:
        return "Program", ""
    if request.extends_id is not None:
        return "Extension", ""
    return ("Personal data", "") if operation is not None and operation.reads_data else ("", "")


class Inbox(ActorView):
    """The list alone on phones, with the first request beside it on wide screens."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the list."""
        return self.page(None)

    def page(self, chosen: AccessRequest | None, problem: DomainError | None = None, said: str = "") -> HttpResponse:
        """Answer list and card; `problem` is why a decision was not taken, `said` what was written for it."""
        now, view = clock.now(), self.request.GET.get("view", "")
        lists: dict[str, QuerySet[AccessRequest]] = {
            "": inbox.for_me(self.actor, now),
            "others": inbox.with_others(self.actor, now),
            "decided": inbox.decided(self.actor),
        }
        view = view if view in lists else ""
        pages = Paginator(lists[view], PER_PAGE)
        page = pages.get_page(self.request.GET.get("page"))
        rows = [row_of(one, now, view) for one in page.object_list]
        opened = chosen is not None
        if chosen is None and rows:
            chosen = mine.find_request(self.actor, rows[0].request.pk)
        context: dict[str, Any] = {
            "rows": rows,
            "page_obj": page,
            "several_pages": pages.num_pages > 1,
            "views": _tabs(lists, view, pages.count),
            "view": view,
            "opened": opened,
            "median": inbox.my_median(self.actor, now),
            "undo": self._undo(now),
            "task_count": open_task_count(self.actor),
            "review_count": review_count(self.actor),
            "problem": problem,
            "now": now,
            **_around(rows, chosen),
        }
        if chosen is not None:
            context.update(card_context(chosen, self.actor, now, said))
        return render(self.request, "access/inbox.html", context, status=problem.status if problem else 200)

    def _undo(self, now: datetime) -> dict[str, Any] | None:
        vote = inbox.undoable(self.actor, now)
        if vote is None or not can_undo(self.actor, vote.request, vote, now):
            return None
        left = max(1, inbox.UNDO_SECONDS - int((now - vote.at).total_seconds()))
        return {"request": vote.request, "left": left}


def _tabs(lists: dict[str, QuerySet[AccessRequest]], view: str, known: int) -> list[dict[str, Any]]:
    address = reverse("access:approvals")
    return [
        {
            "label": label,
            "url": f"{address}?view={key}" if key else address,
            "current": key == view,
            "count": known if key == view else lists[key].order_by().count(),
        }
        for key, label in TABS
    ]


def _around(rows: list[Row], chosen: AccessRequest | None) -> dict[str, Any]:
    """Return where the chosen request stands in the list, and the next one."""
    numbers = [row.request.pk for row in rows]
    place = numbers.index(chosen.pk) if chosen is not None and chosen.pk in numbers else None
    after = rows[place + 1].url if place is not None and place + 1 < len(rows) else ""
    return {"place": place + 1 if place is not None else None, "next_url": after}


index = Inbox.as_view()
