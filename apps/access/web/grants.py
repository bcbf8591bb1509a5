"""`/access/G-n`: one grant with what was seen at its target; extend, give back, revoke, take a token."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.access.models import Grant
from apps.access.queries import mine
from apps.access.queries.cover import level_of
from apps.access.rules.grants import can_revoke
from apps.access.rules.tokens import can_take_token
from apps.access.services import grants as services
from apps.access.services.grant_tokens import Issued, issue_token
from apps.access.services.requests import extend
from apps.access.states import REQUEST_TONES, GrantState, RequestState
from apps.access.web.held import held_row
from apps.access.web.wish import PRESETS
from apps.access.web.words import minutes_of, span
from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import DomainError, Invalid
from apps.core.ui.words import instant_text
from apps.core.web.views import ActorView
from apps.governance.queries.exceptions import open_exception
from apps.governance.references import find
from apps.governance.rules.exceptions import can_ask
from apps.governance.states import ReferenceKind
from apps.governance.tiers import TIERS

RECEIPTS = 100


class GrantPage(ActorView):
    """One grant."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show it."""
        return self._page(mine.find_grant(self.actor, number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Extend, give back, revoke, or take a token."""
        grant = mine.find_grant(self.actor, number)
        act = {"extend": self._extend, "release": self._release, "revoke": self._revoke, "token": self._token}.get(
            request.POST.get("do", "")
        )
        if act is None:
            raise Invalid("Choose extend, give back, revoke or token.")
        try:
            return act(grant)
        except DomainError as wrong:
            return self._page(mine.find_grant(self.actor, number), wrong)

    def _extend(self, grant: Grant) -> HttpResponse:
        minutes = minutes_of(self.request.POST.get("for", ""))
        if minutes is None:
            raise Invalid("Choose for how much longer.")
        why = self.request.POST.get("why", "")
        made = extend(actor=self.actor, grant=grant, minutes=minutes, reason=why).value
        return redirect("access:request", number=made.pk)

    def _release(self, grant: Grant) -> HttpResponse:
        services.release(actor=self.actor, grant=grant)
        messages.success(self.request, f"Given back: {grant.asset_label}.")
        return redirect("access:mine")

    def _revoke(self, grant: Grant) -> HttpResponse:
        services.revoke(actor=self.actor, grant=grant, reason=self.request.POST.get("why", ""))
        messages.success(self.request, "Revoked. It is ended when the target is seen without the access.")
        return redirect("access:grant", number=grant.pk)

    def _token(self, grant: Grant) -> HttpResponse:
        """Show a token once: it is not kept."""
        return self._page(grant, token=issue_token(actor=self.actor, grant=grant).value)

    def _page(self, grant: Grant, problem: DomainError | None = None, token: Issued | None = None) -> HttpResponse:
        now = clock.now()
        row = held_row(grant, self.actor, now)
        waiting = grant.extensions.filter(state__in=[RequestState.PENDING, RequestState.NEEDS_INFO]).first()
        most = TIERS[grant.tier].max_minutes
        context: dict[str, Any] = {
            "grant": grant,
            "row": row,
            "facts": _facts(grant),
            "receipts": grant.receipts.order_by("-pk")[:RECEIPTS],
            "revoke": can_revoke(self.actor, grant),
            "is_holder": self.actor.user_id == grant.holder_id,
            "use": _use(grant),
            "waiting": waiting,
            "waiting_tone": REQUEST_TONES[RequestState(waiting.state)] if waiting else "",
            "presets": [(f"{minutes}m", span(minutes)) for minutes in PRESETS if minutes <= most],
            "audit_url": f"{reverse('audit:event_list')}?{urlencode({'subject': f'{grant.name}:'})}",
            "token": token,
            "may_take": can_take_token(self.actor, grant) if grant.state == GrantState.ACTIVE else None,
            "exception": _exception(self.actor, grant),
            "problem": problem,
            "now": now,
        }
        return render(self.request, "access/grant.html", context, status=problem.status if problem else 200)


def _exception(actor: Actor, grant: Grant) -> dict[str, Any]:
    """Return the exception about a grant that waits or is active, and whether the actor may ask for one."""
    reference = find(actor, ReferenceKind.GRANT, str(grant.pk))
    standing = open_exception(ReferenceKind.GRANT, str(grant.pk))
    return {"standing": standing, "may": reference is not None and bool(can_ask(actor, reference, standing))}


def _facts(grant: Grant) -> list[tuple[Any, ...]]:
    facts: list[tuple[Any, ...]] = [
        ("Holder", grant.holder.name),
        ("Asset", grant.asset_label, reverse("inventory:asset", args=[grant.asset.kind, grant.asset.slug])),
        ("Tier", grant.tier),
        ("For", span(grant.minutes)),
        ("Began", instant_text(grant.activated_at, "not begun")),
        ("Ends", instant_text(grant.expires_at, "–")),
    ]
    if grant.request is not None:
        if grant.request.requester_id != grant.holder_id:
            facts.append(("Asked by", grant.request.requester.name))
        facts.append(("Request", grant.request.name, reverse("access:request", args=[grant.request.pk])))
    if grant.state in (GrantState.ENDING, GrantState.ENDED):
        facts += [
            ("Why it ended", grant.get_end_reason_display()),
            ("Seen gone", instant_text(grant.ended_at, "not yet")),
        ]
    if grant.end_note:
        facts.append(("Note", grant.end_note))
    return facts


def _use(grant: Grant) -> dict[str, Any]:
    """Return where and as whom the access is used."""
    connection = grant.binding.connection
    return {
        "target": connection.name if connection else "",
        "account": grant.account,
        "level": level_of(grant),
        "by_portal": grant.binding.provisioner == "portal",
        "by_hand": grant.binding.provisioner == "manual",
        "own_role": grant.binding.provisioner == "postgresql",
    }


page = GrantPage.as_view()
