"""API tokens: one's own, and those of service accounts."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts.models import User
from apps.accounts.queries import tokens_visible_to
from apps.accounts.rules import can_create_token, requires_second_factor
from apps.accounts.services import create_token, revoke_token
from apps.accounts.web.forms import TokenForm, explain
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.web.views import ActorView


class TokenPage(ActorView):
    """The tokens of one user: listed, created, shown once."""

    def subject(self, pk: UUID | None) -> User:
        """Return the user whose tokens these are."""
        if pk is None:
            return self.request.user  # type: ignore[return-value]
        return get_object_or_404(User.objects.visible_to(self.actor).services(), pk=pk)

    def get(self, request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
        """List the tokens with a form for a new one."""
        return self._page(TokenForm(), self.subject(pk))

    def post(self, request: HttpRequest, pk: UUID | None = None) -> HttpResponse:
        """Create a token and show it, this once."""
        user, form = self.subject(pk), TokenForm(request.POST)
        if form.is_valid():
            try:
                _, token = create_token(actor=self.actor, now=clock.now(), user=user, **form.cleaned_data).value
            except Invalid as problem:
                explain(form, problem)
            else:
                return self._page(TokenForm(), user, token=token)
        return self._page(form, user)

    def _page(self, form: TokenForm, user: User, token: str = "") -> HttpResponse:
        now = clock.now()
        if user.kind == User.Kind.SERVICE:
            may = can_create_token(self.actor, user, frozenset(), frozenset())
        else:
            may = requires_second_factor(self.actor)
        context: dict[str, Any] = {
            "form": form, "owner": user, "token": token, "may": may, "now": now,
            "rows": tokens_visible_to(self.actor).filter(user=user), "service": user.kind == User.Kind.SERVICE,
        }  # fmt: skip
        return render(self.request, "accounts/token_list.html", context, status=400 if form.errors else 200)


class OfService(TokenPage):
    """The tokens of a service account, for those who oversee it."""

    roles = (Role.SECURITY_ADMIN, Role.AUDITOR)


class Revoke(ActorView):
    """Revoking a token."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Revoke and go back to the list it stands in."""
        token = get_object_or_404(tokens_visible_to(self.actor), pk=pk)
        revoke_token(actor=self.actor, now=clock.now(), token=token)
        messages.success(request, f"The token {token.prefix}… opens nothing any more.")
        if token.user.kind == User.Kind.SERVICE:
            return redirect("accounts:person_tokens", pk=token.user_id)
        return redirect("accounts:tokens")


own = TokenPage.as_view()
of_service = OfService.as_view()
revoke = Revoke.as_view()
