"""Trusted keys: list, add, retire."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Conflict, Invalid
from apps.core.numbers import plural
from apps.core.web.views import ActorView
from apps.integrity import queries, services
from apps.integrity.models import TrustedKey
from apps.integrity.rules import can_manage_keys
from apps.integrity.web.forms import KeyForm


class Keys(ActorView):
    """All trusted keys, with a form for a new one."""

    roles = (Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the keys."""
        return self._page(KeyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Trust a key."""
        form = KeyForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                key = self._trust(form)
            except Invalid as problem:
                form.explain(problem.reason, problem.fields)
            except Conflict as problem:
                form.explain(problem.reason, {})
            else:
                messages.success(request, f"{key} is trusted. Signatures that it may have made were checked again.")
                return redirect("integrity:keys")
        return self._page(form)

    def _trust(self, form: KeyForm) -> TrustedKey:
        name, pem = form.cleaned_data["name"], form.cleaned_data["pem"]
        key: TrustedKey = services.trust_key(actor=self.actor, now=clock.now(), name=name, pem=pem).value
        return key

    def _page(self, form: KeyForm) -> HttpResponse:
        context: dict[str, Any] = {"rows": queries.keys(self.actor), "form": form, "may": can_manage_keys(self.actor)}
        return render(self.request, "integrity/key_list.html", context, status=400 if form.errors else 200)


class Retire(ActorView):
    """Trusting a key no longer."""

    roles = (Role.SECURITY_ADMIN,)

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Retire the key."""
        key = get_object_or_404(queries.keys(self.actor), pk=pk)
        moved = services.retire_key(actor=self.actor, now=clock.now(), key=key).value
        lost = plural(moved["no_longer_valid"], "signature is", "signatures are")
        messages.success(request, f"{key.name} is trusted no longer; {lost} no longer valid.")
        return redirect("integrity:keys")


table = Keys.as_view()
retire = Retire.as_view()
