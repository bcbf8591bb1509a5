"""What the pages of policies and routes share: the decision about a change, and the effect it would have had."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.access.models import PolicyChange, RouteChange
from apps.access.queries.people import who_are
from apps.access.rules.policies import can_confirm_policies, can_refuse_policies, can_withdraw_policies
from apps.access.states import POLICY_CHANGE_TONES, PolicyChangeState
from apps.accounts.queries import roles_of
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.numbers import plural
from apps.core.web.views import ActorView

READERS = (Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR)
#: Requests and changes that a page lists; the rest is told as a number.
SHOWN = 20


class ChangePage(ActorView):
    """A change with its differences and effect; another security administrator decides it.

    Subclasses name the template, the list to return to, and each decision with what is said of it.
    """

    roles = READERS
    template_name = ""
    back = ""
    decisions: Mapping[str, tuple[Callable[..., Any], str]] = {}

    def find(self, pk: int) -> PolicyChange | RouteChange:
        """Return the change. Raises NotFound."""
        raise NotImplementedError

    def shown(self, change: Any) -> dict[str, object]:
        """Return its differences and effect."""
        raise NotImplementedError

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one change."""
        change = self.find(pk)
        label = PolicyChangeState(change.state).label
        context = {"change": change, "tone": tone_of(change), "state": label}
        return render(request, self.template_name, {**context, **self.shown(change), **self._rights(change)})

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm, refuse or withdraw."""
        change = self.find(pk)
        decide = self.decisions.get(request.POST.get("decision", ""))
        if decide is None:
            raise Invalid("Choose confirm, refuse or withdraw.")
        act, said = decide
        act(actor=self.actor, change=change)
        messages.success(request, said)
        return redirect(self.back)

    def _rights(self, change: PolicyChange | RouteChange) -> dict[str, object]:
        people = who_are({pk for pk in (self.actor.user_id, change.proposed_by_id) if pk})
        mine = people.get(self.actor.user_id) if self.actor.user_id else None
        proposer, roles = people.get(change.proposed_by_id), roles_of(change.proposed_by_id)
        return {
            "confirm": can_confirm_policies(self.actor, change, mine, proposer, roles),
            "refuse": can_refuse_policies(self.actor, change),
            "withdraw": can_withdraw_policies(self.actor, change),
        }


def tone_of(change: PolicyChange | RouteChange) -> str:
    """Return how the state of a change looks."""
    return POLICY_CHANGE_TONES[PolicyChangeState(change.state)]


def effect_context(replayed: int, *sides: tuple[str, str, dict[str, Any]]) -> dict[str, object]:
    """Return what the part "Effect" shows: the number replayed, and each kind with its newest requests."""
    told = [
        (title, tone, side["count"], side["requests"][:SHOWN], max(0, side["count"] - SHOWN))
        for title, tone, side in sides
    ]
    return {"effect": {"replayed": plural(replayed, "request"), "sides": told}}
