"""The actor of each request, and the second factor that changing roles cannot go without."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from apps.accounts.queries import factor_types
from apps.accounts.rules import must_have_factor
from apps.accounts.services.sessions import touch_session
from apps.accounts.web.actors import origin_of, session_actor
from apps.core import clock
from apps.core.actor import Strength

GetResponse = Callable[[HttpRequest], HttpResponse]

#: What someone may open before they have set up a second factor.
SET_UP_PAGES = frozenset(
    {
        "mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "account_logout", "account_reauthenticate",
        "livez", "readyz", "portal:theme",
    }
)  # fmt: skip
#: What someone may open who has a second factor that this session has not proven.
PROOF_PAGES = frozenset(
    {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_logout", "livez", "readyz", "portal:theme"}
)
PROOFS = frozenset({Strength.SECOND_FACTOR, Strength.PHISHING_RESISTANT})
REASON = "Your role changes things here, so it needs a second factor. Set one up first."


class ActorMiddleware:
    """Put the actor on the request, built once from user, roles, teams and session; None for anyone not signed in."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        signed_in = user.is_authenticated and user.is_active
        request.actor = session_actor(request, user) if signed_in else None  # type: ignore[attr-defined, arg-type]
        if request.actor is not None and request.session.session_key:  # type: ignore[attr-defined]
            now = clock.now()
            request.received_at = now  # type: ignore[attr-defined]
            touch_session(
                user=user,  # type: ignore[arg-type]
                session_key=request.session.session_key,
                ip=origin_of(request),
                user_agent=request.headers.get("User-Agent", ""),
                now=now,
            )
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Send those whose role needs a second factor and who have none to set one up; nothing else is open to them."""
        actor = request.actor  # type: ignore[attr-defined]
        if actor is None or not must_have_factor(actor) or actor.strength in PROOFS:
            return None
        factors = factor_types(actor.user_id)
        match = request.resolver_match
        if match is not None and match.view_name in (PROOF_PAGES if factors else SET_UP_PAGES):
            return None
        return _to_factor(request, factors)


def _to_factor(request: HttpRequest, factors: frozenset[str]) -> HttpResponse:
    """Answer with the way to the second factor: set-up, or its proof where the session has not given it yet."""
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "title": "Not allowed", "status": 403, "detail": REASON}
        return JsonResponse(body, status=403, content_type="application/problem+json")
    target = reverse("mfa_index")
    if factors:
        page = "mfa_reauthenticate" if Authenticator.Type.TOTP in factors else "mfa_reauthenticate_webauthn"
        back = request.get_full_path() if request.method == "GET" else "/"
        target = f"{reverse(page)}?{urlencode({'next': back})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
