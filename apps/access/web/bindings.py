"""`/setup/bindings`: what is carried how, and access at targets that no grant explains."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.access.models import Binding
from apps.access.provisioning.contract import Provisioner
from apps.access.queries import bindings as queries
from apps.access.rules.bindings import can_change_binding, can_manage_bindings
from apps.access.services import bindings as services
from apps.access.services.removing import remove_orphan
from apps.access.web.bindings_forms import BindingForm
from apps.connectors.queries import driver_named
from apps.core.actor import Role
from apps.core.errors import DomainError, NotFound
from apps.core.web.views import ActorView
from apps.inventory.models import Asset
from apps.inventory.queries.assets import find_asset

READERS = (Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR)
ADMIN = (Role.SECURITY_ADMIN,)
SHOWN = 200


class Table(ActorView):
    """All bindings, and the orphans."""

    roles = READERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them."""
        found = list(queries.orphans(self.actor)[: SHOWN + 1])
        context = {
            "lines": [queries.line(row) for row in queries.bindings(self.actor)[:SHOWN]],
            "orphans": [(row, queries.line(row.binding).by) for row in found[:SHOWN]],
            "more": len(found) > SHOWN,
            "may": can_manage_bindings(self.actor),
        }
        return render(request, "access/bindings.html", context)


class New(ActorView):
    """A new binding: first what carries it, then its terms."""

    roles = ADMIN

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the choice, or the form."""
        if "by" not in request.GET:
            return render(request, "access/binding_choose.html", {"carriers": _choices()})
        carrier = _carrier(request.GET["by"])
        return self._page(carrier, BindingForm(carrier))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Add it."""
        carrier = _carrier(request.GET.get("by", ""))
        form = BindingForm(carrier, request.POST)
        if not form.is_valid():
            return self._page(carrier, form, 400)
        try:
            services.create(
                actor=self.actor, provisioner=carrier.key, asset=self._asset(form.cleaned_data["asset"]),
                asset_kind=form.cleaned_data["asset_kind"], terms=form.terms,
            )  # fmt: skip
        except DomainError as problem:
            form.explain(problem)
            return self._page(carrier, form, problem.status)
        messages.success(request, "Added: from now on grants are carried like this.")
        return redirect("access:bindings")

    def _asset(self, address: str) -> Asset | None:
        if not address.strip():
            return None
        kind, _, slug = address.strip().strip("/").removeprefix("assets/").partition("/")
        return find_asset(self.actor, kind, slug)

    def _page(self, carrier: Provisioner, form: BindingForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "carrier": carrier, "driver": driver_named(carrier.key)}
        return render(self.request, "access/binding_new.html", context, status=status)


class Change(ActorView):
    """One binding: its terms, and its switch."""

    roles = READERS

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show it."""
        binding = queries.find_binding(self.actor, pk)
        return self._page(binding, BindingForm(_carrier(binding.provisioner), binding=binding))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change its terms."""
        binding = queries.find_binding(self.actor, pk)
        can_change_binding(self.actor, binding, _unfinished(binding)).require()
        form = BindingForm(_carrier(binding.provisioner), request.POST, binding=binding)
        if not form.is_valid():
            return self._page(binding, form, 400)
        try:
            services.change(actor=self.actor, binding=binding, terms=form.terms)
        except DomainError as problem:
            form.explain(problem)
            return self._page(binding, form, problem.status)
        messages.success(request, "Saved.")
        return redirect("access:bindings")

    def _page(self, binding: Binding, form: BindingForm, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {
            "binding": binding,
            "line": queries.line(binding),
            "form": form,
            "may": can_change_binding(self.actor, binding, _unfinished(binding)),
            "may_switch": can_manage_bindings(self.actor),
            "turn": [("to", "off" if binding.enabled else "on")],
        }
        return render(self.request, "access/binding.html", context, status=status)


class Switch(ActorView):
    """POST: switch a binding off or on."""

    roles = ADMIN
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Switch to what the page asked for."""
        binding = queries.find_binding(self.actor, pk)
        turn = services.enable if request.POST.get("to") == "on" else services.disable
        turn(actor=self.actor, binding=binding)
        return redirect("access:bindings")


class Remove(ActorView):
    """POST: remove access that no grant explains."""

    roles = ADMIN
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Remove it, and say what was seen."""
        orphan = queries.find_orphan(self.actor, pk)
        if remove_orphan(actor=self.actor, orphan=orphan):
            messages.success(request, f"Removed, and seen gone: {orphan.account}.")
        else:
            messages.error(request, f"The target still shows {orphan.account}; look at the audit log for the reason.")
        return redirect("access:bindings")


def _carrier(key: str) -> Provisioner:
    found = next((carrier for carrier in queries.carriers() if carrier.key == key), None)
    if found is None:
        raise NotFound("There is no such way to carry access.")
    return found


def _choices() -> list[tuple[Provisioner, str]]:
    here = "Programs ask this portal, which decides by the live grants."
    known = [(carrier, driver_named(carrier.key)) for carrier in queries.carriers()]
    return [(carrier, driver.summary if driver else here) for carrier, driver in known]


def _unfinished(binding: Binding) -> int:
    return int(getattr(binding, "unfinished", 0))


table = Table.as_view()
new = New.as_view()
change = Change.as_view()
switch = Switch.as_view()
remove = Remove.as_view()
