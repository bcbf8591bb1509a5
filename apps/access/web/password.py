"""`/access/G-n/secret`: the password of a grant's own role at its target, shown to its holder once."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.access.models import Grant
from apps.access.provisioning.postgresql import address_of
from apps.access.queries import mine
from apps.access.queries.passwords import password_waits
from apps.access.rules.passwords import can_see_password
from apps.access.services.passwords import Shown, show_password
from apps.core import clock
from apps.core.web.views import ActorView


class Password(ActorView):
    """Where to sign in and as whom; the password comes by a POST, once, and is nowhere afterwards."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show where to sign in, and the button."""
        return self._page(mine.find_grant(self.actor, number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show the password."""
        grant = mine.find_grant(self.actor, number)
        return self._page(grant, show_password(actor=self.actor, grant=grant).value)

    def _page(self, grant: Grant, shown: Shown | None = None) -> HttpResponse:
        may = can_see_password(self.actor, grant, clock.now())
        context = {
            "grant": grant,
            "may": may,
            "waits": password_waits(grant),
            "address": [(name.capitalize(), value) for name, value in address_of(grant).items()] if may else [],
            "password": shown.password if shown else "",
        }
        return render(self.request, "access/password.html", context)


page = Password.as_view()
