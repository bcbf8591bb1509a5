"""`/access/new`: what, to do what, how long, why; beside it what will happen, from the plan that submitting uses."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from apps.access.queries import mine
from apps.access.queries.plan import Plan, options, plan
from apps.access.services.requests import submit
from apps.access.states import RequestState
from apps.access.web.held import now_context
from apps.access.web.planned import deal_of, option_of, panel_of, presets_for
from apps.access.web.wish import Wish, key_of, link_to, read
from apps.access.web.words import span
from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import DomainError, Invalid, NotFound
from apps.core.web.views import ActorView


class New(ActorView):
    """The form of a request."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form, or the part of it that htmx asks for again."""
        wish, problem = self._read(request.GET)
        if request.headers.get("HX-Target") == "found":
            return self._answer("access/_found.html", self._found(wish), problem)
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
        if wish.minutes is None:
            raise Invalid("Write for how long, for example 4h or 30m.", other="For example 4h or 30m.")
        if wish.at_a_time and wish.start_at is None:
            raise Invalid("Write when it starts.", at="Write when it starts.")
        if not wish.why:
            raise Invalid("Say why, in one line.", why="Say why, in one line.")
        made = submit(
            actor=self.actor, asset=wish.asset, operation=wish.operation, minutes=wish.minutes, reason=wish.why,
            start_at=wish.start_at, ticket=wish.ticket,
        ).value  # fmt: skip
        made.refresh_from_db()
        if made.state == RequestState.APPROVED:
            messages.success(self.request, f"Granted: {span(made.minutes)} from now on.")
        elif made.state == RequestState.PENDING:
            messages.success(self.request, f"{made.name} is with those who decide; they were told.")
        return redirect("access:request", number=made.pk)

    def _page(self, wish: Wish, problem: DomainError | None = None) -> HttpResponse:
        context: dict[str, Any] = {**self._next(wish), **self._found(wish), "problem": problem}
        if wish.asset is not None:
            user, now = self._user(), context["now"]
            rows = options(requester=user, beneficiary=user, actor=self.actor, asset=wish.asset, now=now)
            context["options"] = [option_of(key, planned) for key, planned in rows]
            context["asset_key"] = key_of(wish.asset)
        context["usual"] = [(one, link_to(one.asset, one.operation, one.minutes)) for one in mine.usual_of(self.actor)]
        return self._answer("access/new.html", {**context, **now_context(self.actor, context["now"])}, problem)

    def _next(self, wish: Wish) -> dict[str, Any]:
        """Return what depends on every choice: the panel, the button, and the times that can be chosen."""
        now = clock.now()
        planned = self._plan(wish, now) if wish.asset is not None and wish.operation else None
        panel = panel_of(planned, wish, now) if planned else {"plan": None, "now": now}
        most = planned.max_minutes if planned else None
        return {**panel, **presets_for(most, wish), "wish": wish, "deal": deal_of(wish)}

    def _plan(self, wish: Wish, now: Any) -> Plan:
        user = self._user()
        assert wish.asset is not None
        return plan(
            requester=user, beneficiary=user, actor=self.actor, asset=wish.asset, operation=wish.operation,
            minutes=wish.minutes or 0, start_at=wish.start_at, now=now,
        )  # fmt: skip

    def _found(self, wish: Wish) -> dict[str, Any]:
        rows = mine.askable(self.actor, wish.search)
        links = [
            (asset, Wish(asset, "", wish.minutes, wish.start_at, wish.at_a_time, wish.why, "").address)
            for asset in rows
        ]
        return {"found": links, "searched": bool(wish.search)}

    def _user(self) -> User:
        return cast(User, self.request.user)

    def _answer(self, template: str, context: dict[str, Any], problem: DomainError | None) -> HttpResponse:
        status = problem.status if problem is not None else 200
        response = render(self.request, template, context, status=status)
        response["Vary"] = "HX-Request, HX-Target"
        return response


new = New.as_view()
