"""One's own account: who I am here, how I sign in, where I am signed in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.models import User
from apps.accounts.queries import factors_of, role_words, sessions_of, tokens_visible_to
from apps.accounts.rules import must_have_factor
from apps.accounts.services import end_sessions, set_shortcuts
from apps.core import clock
from apps.core.web.views import ActorView


class AccountView(ActorView):
    """A page about the signed-in person."""

    @property
    def user(self) -> User:
        """Return the signed-in user."""
        return self.request.user  # type: ignore[return-value]


class Profile(AccountView):
    """Name, roles, teams and tastes."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the account."""
        memberships = self.user.memberships.select_related("team").order_by("team__name")
        teams = [f"{row.team} (manager)" if row.manages else str(row.team) for row in memberships]
        facts = [
            ("Name", self.user.name),
            ("Mail address", self.user.email),
            ("Roles", role_words(self.actor.roles)),
            ("Teams", ", ".join(teams) or "None"),
        ]
        return render(request, "accounts/account_profile.html", {"facts": facts})


class Shortcuts(AccountView):
    """The switch for keyboard shortcuts."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Switch and go back."""
        set_shortcuts(actor=self.actor, now=clock.now(), user=self.user, off=request.POST.get("shortcuts") == "off")
        messages.success(request, "Saved.")
        return redirect("accounts:profile")


class Security(AccountView):
    """Password, second factors, sessions and tokens at one glance."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show how this person signs in."""
        context: dict[str, Any] = {
            "factors": factors_of(self.user),
            "sessions": len(sessions_of(self.user)),
            "tokens": tokens_visible_to(self.actor).filter(user=self.user).usable(clock.now()).count(),
            "needed": must_have_factor(self.actor),
            "strength": self.actor.strength,
        }
        return render(request, "accounts/account_security.html", context)


class Sessions(AccountView):
    """Where this person is signed in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the sessions."""
        context = {"sessions": sessions_of(self.user), "current": request.session.session_key}
        return render(request, "accounts/account_sessions.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """End one other session, or all others."""
        wanted = request.POST.get("session", "")
        only = [int(wanted)] if wanted.isdecimal() else None
        spare = request.session.session_key or ""
        ended = end_sessions(actor=self.actor, now=clock.now(), user=self.user, only=only, spare=spare).value
        messages.success(request, f"{ended} signed out." if ended else "Nothing to sign out.")
        return redirect("accounts:sessions")


profile = Profile.as_view()
shortcuts = Shortcuts.as_view()
security = Security.as_view()
sessions = Sessions.as_view()
