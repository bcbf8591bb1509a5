"""`/exceptions/EX-31`: what is accepted, what compensates, who signed; and signing, refusing or ending it."""

from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.accounts.queries import factor_types
from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.web.views import ActorView
from apps.governance.models import RiskException
from apps.governance.queries.exceptions import exception_detail, state_of
from apps.governance.queries.signing import standing
from apps.governance.references import evidence_of, find
from apps.governance.rules.exceptions import can_refuse, can_sign, can_withdraw, may_decide
from apps.governance.services.ending import withdraw
from apps.governance.services.signing import refuse, sign
from apps.governance.states import WAITING_EXCEPTIONS
from apps.governance.web.forms import VerdictForm
from apps.governance.web.words import history, may_read_log, missing

ACTS = ("sign", "refuse", "withdraw")


class ExceptionView(ActorView):
    """One exception; at most 45 queries, for one row."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Show it. Raises NotFound where the actor does not see it."""
        return self._page(exception_detail(self.actor, int(number)), {})

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Sign, refuse or end it; a refusal is shown at the form."""
        row, act = exception_detail(self.actor, int(number)), request.POST.get("do", "")
        if act not in ACTS:
            raise NotFound("Sign it, refuse it or end it.")
        form = VerdictForm(request.POST)
        if not form.is_valid():
            return self._page(row, {act: form}, 400)
        try:
            messages.success(request, self._carry_out(row, act, form.cleaned_data["reason"]))
        except (Invalid, Conflict) as refusal:
            form.take(refusal)
            return self._page(exception_detail(self.actor, int(number)), {act: form}, refusal.status)
        return redirect("governance:exception", number=row.number)

    def _carry_out(self, row: RiskException, act: str, reason: str) -> str:
        if act == "sign":
            signed = sign(actor=self.actor, exception=row, reason=reason).value
            return f"Signed. {signed.name} is in force." if signed.active_at else "Signed. Another signature is needed."
        if act == "refuse":
            refuse(actor=self.actor, exception=row, reason=reason)
            return "Refused. Who asked is told."
        withdraw(actor=self.actor, exception=row, note=reason)
        return "Ended. What it accepted fails again with the next results, within a minute."

    def _page(self, row: RiskException, forms: dict[str, VerdictForm], status: int = 200) -> HttpResponse:
        now, actor = clock.now(), self.actor
        stands = standing(row, actor, now)
        text, tone = state_of(row, now.date())
        waits = row.state in WAITING_EXCEPTIONS and row.ends_on >= now.date()
        decides = may_decide(actor, row, stands)
        sees = find(actor, row.kind, row.key)
        context: dict[str, Any] = {
            "row": row,
            "state_text": text,
            "state_tone": tone,
            "today": now.date(),
            "waits": waits,
            "missing": missing(row) if waits else "",
            "reference_url": sees.url if sees else "",
            "evidence": evidence_of(row),
            "history": history(row),
            "decides": decides,
            "may_sign": can_sign(actor, row, stands),
            "may_refuse": can_refuse(actor, row, stands),
            "may_end": can_withdraw(actor, row),
            "step": proof_step(actor, row, can_sign(actor, row, stands).reason) if waits and decides else None,
            "forms": {act: forms.get(act) or VerdictForm(prefix=None, auto_id=f"id_{act}_%s") for act in ACTS},
            "opened": list(forms),
            "log_url": f"{reverse('audit:event_list')}?{urlencode({'subject': row.pk})}" if may_read_log(actor) else "",
        }
        return render(self.request, "governance/exception_detail.html", context, status=status)


def proof_step(actor: Actor, row: RiskException, reason: str) -> dict[str, str] | None:
    """Return where a signer proves the second factor anew, None where the session is proven well enough."""
    if "second factor" not in reason or actor.user_id is None:
        return None
    back = urlencode({"next": reverse("governance:exception", args=[row.number])})
    factors = factor_types(actor.user_id)
    if not factors:
        return {"url": reverse("mfa_index"), "label": "Set up a second factor", "why": reason}
    if Authenticator.Type.WEBAUTHN in factors:
        url = f"{reverse('mfa_reauthenticate_webauthn')}?{back}"
        return {"url": url, "label": "Confirm with your passkey", "why": reason}
    return {"url": f"{reverse('mfa_reauthenticate')}?{back}", "label": "Confirm your second factor", "why": reason}
