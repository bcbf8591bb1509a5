"""`/access/new`: what, to do what, how long, why; beside it what will happen, from the plan that submitting uses."""

from dataclasses import replace
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from apps.access.queries import asking_for, mine
from apps.access.queries.plan import Plan, options, plan
from apps.access.rules.held import can_hold
from apps.access.services.requests import submit
from apps.access.states import RequestState
from apps.access.web.held import now_context
from apps.access.web.once import way_of
from apps.access.web.planned import deal_of, option_of, panel_of, presets_for
from apps.access.web.wish import Wish, key_of, link_to, read
from apps.access.web.words import clock_time, span
from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import DomainError, Invalid, NotFound
from apps.core.web.views import ActorView
from apps.governance.operations import OPERATIONS


class New(ActorView):
    """The form of a request."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form, or the part of it that htmx asks for again."""
        wish, problem = self._read(request.GET)
        if wish.asset is None or not can_hold(wish.asset, wish.operation):
            wish = replace(wish, once=None)
        if request.headers.get("HX-Target") == "found":
            return self._answer("access/_found.html", self._found(wish), problem)
        if request.headers.get("HX-Target") == "people":
            return self._answer("access/_people.html", self._people(wish), problem)
        if request.headers.get("HX-Request"):
            return self._answer("access/_next.html", self._next(wish), problem)
        return self._page(wish, problem)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask, or show what would happen (for those without scripts)."""
        wish, problem = self._read(request.POST)
        if request.POST.get("step") == "look" and problem is None:
            return redirect(wish.address)
        try:
            if problem is not None:
                raise problem
            return self._submit(wish)
        except DomainError as wrong:
            return self._page(wish, wrong)

    def _read(self, data: QueryDict) -> tuple[Wish, DomainError | None]:
        try:
            return read(data, self.actor), None
        except NotFound:
            raise
        except Invalid as wrong:
            words = data.copy()
            words.pop("at", None)
            return read(words, self.actor), wrong

    def _submit(self, wish: Wish) -> HttpResponse:
        if wish.asset is None:
            raise Invalid("Choose what you need.", what="Choose what you need.")
        if not wish.operation:
            raise Invalid("Choose what you want to do.", do="Choose what you want to do.")
        if wish.lasts is None:
            raise Invalid("Write for how long, for example 4h or 30m.", other="For example 4h or 30m.")
        if wish.at_a_time and wish.start_at is None:
            raise Invalid("Write when it starts.", at="Write when it starts.")
        if not wish.why:
            raise Invalid("Say why, in one line.", why="Say why, in one line.")
        made = submit(
            actor=self.actor, asset=wish.asset, operation=wish.operation, minutes=wish.lasts, reason=wish.why,
            beneficiary=wish.person, start_at=wish.start_at, ticket=wish.ticket,
            payload=wish.once.payload(wish.asset) if wish.once else None,
        ).value  # fmt: skip
        made.refresh_from_db()
        if made.state == RequestState.APPROVED:
            whom = f" for {wish.person.name}" if wish.person else ""
            later = made.start_at is not None and made.start_at > clock.now()
            begins = f"from {clock_time(made.start_at, clock.now())} UTC" if later else "from now on"
            messages.success(self.request, f"Granted{whom}: {span(made.minutes)} {begins}.")
        elif made.state == RequestState.PENDING:
            messages.success(self.request, f"{made.name} is with those who decide; they were told.")
        return redirect("access:request", number=made.pk)

    def _page(self, wish: Wish, problem: DomainError | None = None) -> HttpResponse:
        context: dict[str, Any] = {**self._next(wish), **self._found(wish), "problem": problem}
        if wish.asset is not None:
            user, now = self._user(), context["now"]
            rows = options(requester=user, beneficiary=wish.person or user, actor=self.actor, asset=wish.asset, now=now)
            context["options"] = [option_of(key, planned) for key, planned in rows]
            context["asset_key"] = key_of(wish.asset)
        context["usual"] = [(one, link_to(one.asset, one.operation, one.minutes)) for one in mine.usual_of(self.actor)]
        context |= self._people(wish) | now_context(self.actor, context["now"])
        return self._answer("access/new.html", context, problem)

    def _next(self, wish: Wish) -> dict[str, Any]:
        """Return what depends on every choice: the panel, the button, and the times that can be chosen."""
        now = clock.now()
        planned = self._plan(wish, now) if wish.asset is not None and wish.operation else None
        panel = panel_of(planned, wish, now) if planned else {"plan": None, "now": now}
        most = planned.max_minutes if planned else None
        return {
            **panel,
            **presets_for(most, wish),
            **self._way(wish),
            "wish": wish,
            "whom": wish.person.name if wish.person else "",
            "deal": deal_of(wish),
        }

    def _way(self, wish: Wish) -> dict[str, Any]:
        """Return whether the operation itself can be asked for. `way_key` names the form of it that is shown: it is
        sent again only when another belongs there, so that nobody's typing is lost."""
        if wish.asset is None or wish.operation not in OPERATIONS or not OPERATIONS[wish.operation].held:
            return {"way": None, "way_key": "", "swap_way": self.request.GET.get("way", "") != ""}
        key = f"{key_of(wish.asset)}:{wish.operation}:{'once' if wish.once else ''}"
        return {
            "way": way_of(wish.asset, wish.operation),
            "way_key": key,
            "swap_way": self.request.GET.get("way", "") != key,
        }

    def _plan(self, wish: Wish, now: Any) -> Plan:
        user = self._user()
        assert wish.asset is not None
        return plan(
            requester=user, beneficiary=wish.person or user, actor=self.actor, asset=wish.asset,
            operation=wish.operation, minutes=wish.lasts or 0, start_at=wish.start_at, now=now,
        )  # fmt: skip

    def _found(self, wish: Wish) -> dict[str, Any]:
        rows = mine.askable(self.actor, wish.search)
        return {"found": [(asset, wish.about(asset).address) for asset in rows], "searched": bool(wish.search)}

    def _people(self, wish: Wish) -> dict[str, Any]:
        """Return for whom may be asked. `others` is None for those who ask for themselves only."""
        if not asking_for.may_ask_for(self.actor).exists():
            return {"others": None}
        rows = asking_for.search(self.actor, wish.person_search)
        return {
            "others": [(one, wish.meant_for(one).address) for one in rows],
            "others_searched": bool(wish.person_search),
            "for_me": wish.meant_for(None).address,
        }

    def _user(self) -> User:
        return cast(User, self.request.user)

    def _answer(self, template: str, context: dict[str, Any], problem: DomainError | None) -> HttpResponse:
        status = problem.status if problem is not None else 200
        response = render(self.request, template, context, status=status)
        response["Vary"] = "HX-Request, HX-Target"
        return response


new = New.as_view()
