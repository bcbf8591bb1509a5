"""Proposing, confirming and removing roles."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts import services as commands
from apps.accounts.models import RoleChange
from apps.accounts.queries import open_proposals, role_changes, roles_of
from apps.accounts.rules import can_confirm_role, can_refuse_role, can_withdraw_role
from apps.accounts.services.roles import other_persons
from apps.accounts.web.forms import RoleForm
from apps.accounts.web.people import OVERSEERS, PersonView
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.web.views import ActorView


class Propose(PersonView):
    """Proposing a role."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Propose the chosen role."""
        user = self.subject(pk)
        form = RoleForm(request.POST, user=user, held=roles_of(user.pk))
        if not form.is_valid():
            raise Invalid("Choose a role that this user does not have.")
        role = Role(form.cleaned_data["role"])
        reason = form.cleaned_data["reason"]
        commands.propose_role(actor=self.actor, now=clock.now(), user=user, role=role, reason=reason)
        return self.back(user, f"{role.label} is proposed; another administrator confirms it.")


class Remove(PersonView):
    """Taking a role away."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Remove the role at once."""
        user = self.subject(pk)
        wanted = request.POST.get("role", "")
        if wanted not in {role.value for role in Role}:
            raise Invalid("There is no such role.")
        role = Role(wanted)
        commands.remove_role(actor=self.actor, now=clock.now(), user=user, role=role)
        return self.back(user, f"{user.name} is no longer {role.label}.")


class Proposals(ActorView):
    """What waits for a second administrator."""

    roles = OVERSEERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """List open proposals with what this actor may do."""
        now = clock.now()
        rows = [self._row(change, now) for change in open_proposals(now)]
        return render(request, "accounts/proposal_list.html", {"rows": rows})

    def _row(self, change: RoleChange, now: Any) -> dict[str, Any]:
        held = roles_of(change.user_id)
        admins = other_persons(change)
        return {
            "change": change,
            "confirm": can_confirm_role(self.actor, change, held, now, admins=admins),
            "refuse": can_refuse_role(self.actor, change),
            "withdraw": can_withdraw_role(self.actor, change),
        }


class Decide(ActorView):
    """Confirming, refusing or withdrawing a proposal."""

    roles = (Role.SECURITY_ADMIN,)
    actions = {
        "confirm": (commands.confirm_role, "The role acts from the next click on."),
        "refuse": (commands.refuse_role, "The proposal is refused."),
        "withdraw": (commands.withdraw_role, "The proposal is withdrawn."),
    }

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Do what the button says."""
        change = get_object_or_404(role_changes(), pk=pk)
        if request.POST.get("decision") not in self.actions:
            raise Invalid("Choose to confirm, refuse or withdraw.")
        act, text = self.actions[request.POST["decision"]]
        act(actor=self.actor, now=clock.now(), change=change)
        messages.success(request, text)
        return redirect("accounts:proposals")


propose = Propose.as_view()
remove = Remove.as_view()
proposals = Proposals.as_view()
decide = Decide.as_view()
