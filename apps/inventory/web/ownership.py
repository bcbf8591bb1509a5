"""Owner and tier of one asset, and confirming claimed owners in one go."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core.actor import Role
from apps.core.errors import DomainError, Invalid
from apps.core.web.views import ActorView
from apps.inventory.queries import assets as queries
from apps.inventory.queries.people import list_people
from apps.inventory.rules import can_confirm_owner, can_set_tier
from apps.inventory.services.ownership import confirm_owner, confirm_owners, set_tier
from apps.inventory.states import PersonStatus
from apps.inventory.web.forms import OwnershipForm

SHOWN = 100


class OwnershipView(ActorView):
    """`/assets/<kind>/<slug>/edit`."""

    roles = (Role.SECURITY_ADMIN, Role.CISO)

    def get(self, request: HttpRequest, kind: str, slug: str, **kwargs: Any) -> HttpResponse:
        """Answer the form."""
        asset = queries.find_asset(self.actor, kind, slug)
        return self._page(asset, self._form(asset))

    def post(self, request: HttpRequest, kind: str, slug: str, **kwargs: Any) -> HttpResponse:
        """Confirm the owner and set the tier, each where the actor may."""
        asset = queries.find_asset(self.actor, kind, slug)
        form = self._form(asset, request.POST)
        if not form.is_valid():
            return self._page(asset, form, 400)
        try:
            if form.cleaned_data.get("owner"):
                confirm_owner(actor=self.actor, asset_id=asset.pk, person_id=form.cleaned_data["owner"].pk)
            if "tier" in form.cleaned_data:
                set_tier(actor=self.actor, asset_id=asset.pk, tier=form.cleaned_data["tier"])
        except DomainError as refusal:
            form.add_error(None, refusal.reason)
            return self._page(asset, form, refusal.status)
        return redirect("inventory:asset", kind=asset.kind, slug=asset.slug)

    def _form(self, asset: Any, data: Any = None) -> OwnershipForm:
        people = list_people(self.actor).exclude(status=PersonStatus.LEFT).order_by("name")
        may_owner, may_tier = bool(can_confirm_owner(self.actor)), bool(can_set_tier(self.actor))
        return OwnershipForm(data, asset=asset, people=people, may_owner=may_owner, may_tier=may_tier)

    def _page(self, asset: Any, form: OwnershipForm, status: int = 200) -> HttpResponse:
        return render(self.request, "inventory/asset_edit.html", {"asset": asset, "form": form}, status=status)


class OwnersView(ActorView):
    """`/assets/owners`: what sources claim, to be confirmed one by one or all shown at once."""

    roles = (Role.SECURITY_ADMIN,)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the claims that wait."""
        rows = queries.owner_suggestions(self.actor).order_by(*queries.by_tier())
        context = {"rows": rows[:SHOWN], "total": rows.count(), "may": can_confirm_owner(self.actor)}
        return render(request, "inventory/owners.html", context)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Confirm the chosen claims; each value names asset and person as they were shown."""
        pairs = {}
        for value in request.POST.getlist("pair")[:SHOWN]:
            asset, _, person = value.partition(":")
            try:
                pairs[UUID(asset)] = UUID(person)
            except ValueError:
                raise Invalid("This is not a claim that was shown.") from None
        if not pairs:
            raise Invalid("Choose at least one asset whose owner you confirm.")
        confirm_owners(actor=self.actor, pairs=pairs)
        return redirect("inventory:owners")
