"""Teams and their members."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts import services as commands
from apps.accounts.queries import active_people, teams
from apps.accounts.rules import can_manage_people
from apps.accounts.web.forms import MemberForm, TeamForm, explain
from apps.accounts.web.people import OVERSEERS
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.web.views import ActorView


class Teams(ActorView):
    """All teams."""

    roles = OVERSEERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the teams with a form for a new one."""
        return self._page(TeamForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a team."""
        form = TeamForm(request.POST)
        if form.is_valid():
            try:
                team = commands.create_team(actor=self.actor, now=clock.now(), **form.cleaned_data).value
            except Invalid as problem:
                explain(form, problem)
            else:
                messages.success(request, f"The team {team} exists.")
                return redirect("accounts:teams")
        return self._page(form)

    def _page(self, form: TeamForm) -> HttpResponse:
        context: dict[str, Any] = {
            "rows": teams(), "form": form, "may": can_manage_people(self.actor),
            "member_form": MemberForm(users=active_people(), auto_id=False),
        }  # fmt: skip
        return render(self.request, "accounts/team_list.html", context, status=400 if form.errors else 200)


class Member(ActorView):
    """Putting someone into a team, or taking them out."""

    roles = (Role.SECURITY_ADMIN,)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Set or, with `remove`, end the membership."""
        team = get_object_or_404(teams(), pk=pk)
        form = MemberForm(request.POST, users=active_people())
        if not form.is_valid():
            raise Invalid("Choose a person.")
        user, now = form.cleaned_data["user"], clock.now()
        if "remove" in request.POST:
            commands.remove_member(actor=self.actor, now=now, user=user, team=team)
        else:
            commands.set_member(actor=self.actor, now=now, user=user, team=team, manages=form.cleaned_data["manages"])
        messages.success(request, f"{team} is changed.")
        return redirect("accounts:teams")


table = Teams.as_view()
member = Member.as_view()
