"""What every page view starts from."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.generic import View

from apps.core.actor import Actor, Role
from apps.core.errors import Forbidden


class ActorView(View):
    """A page for a signed-in actor. `roles` limits it; empty means every signed-in actor.

    Anonymous requests go to sign-in; an actor without the role gets 403 with the reason.
    """

    roles: tuple[Role, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check the actor before any handler runs."""
        actor = getattr(request, "actor", None)
        if actor is None:
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        if self.roles and not actor.has(*self.roles):
            needed = " or ".join(role.label for role in self.roles)
            raise Forbidden(f"This page is for: {needed}.")
        response = super().dispatch(request, *args, **kwargs)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    @property
    def actor(self) -> Actor:
        """Return the acting person or service."""
        return self.request.actor  # type: ignore[attr-defined]
