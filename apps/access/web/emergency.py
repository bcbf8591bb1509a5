"""`/access/emergency`: break the glass; and the reviews that follow it."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from apps.access.models import AfterReview
from apps.access.queries import emergency as queries
from apps.access.queries import mine
from apps.access.rules.emergency import FRESH, MAX_MINUTES, can_review, may_ever
from apps.access.services import emergency as services
from apps.access.states import AfterReviewState
from apps.access.web.wish import key_of
from apps.access.web.words import time_left
from apps.core import clock
from apps.core.actor import Actor, Strength
from apps.core.errors import DomainError, Invalid
from apps.core.web.views import ActorView
from apps.governance.operations import operations_for
from apps.inventory.models import Asset
from apps.inventory.queries.assets import find_asset

TIMES = (15, 30, 60)
TONES = {AfterReviewState.OPEN: "warn", AfterReviewState.JUSTIFIED: "good", AfterReviewState.UNJUSTIFIED: "bad"}
SHOWN = 100


def passkey_step(actor: Actor, now: Any, back: str) -> str:
    """Return where the passkey is proven anew, empty where it was within the last minutes."""
    proven = actor.strength is Strength.PHISHING_RESISTANT and actor.authenticated_at is not None
    if proven and actor.authenticated_at is not None and now - actor.authenticated_at <= FRESH:
        return ""
    return f"{reverse('mfa_reauthenticate_webauthn')}?{urlencode({'next': back})}"


class Emergency(ActorView):
    """The form of emergency access, for people with a permit."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it."""
        may_ever(self.actor, clock.now()).require()
        return self._page()

    def post(self, request: HttpRequest) -> HttpResponse:
        """Break the glass."""
        may_ever(self.actor, clock.now()).require()
        asset = self._asset(request.POST.get("asset", ""))
        try:
            if asset is None:
                raise Invalid("Choose the asset.")
            minutes = request.POST.get("minutes", "")
            made = services.break_glass(
                actor=self.actor, asset=asset, operation=request.POST.get("do", ""),
                minutes=int(minutes) if minutes.isdecimal() and len(minutes) < 5 else 0,
                reason=request.POST.get("why", ""), drill=request.POST.get("drill") == "yes",
            )  # fmt: skip
        except DomainError as wrong:
            return self._page(asset, wrong)
        messages.warning(request, "Emergency access given. Everybody who would have decided was told.")
        return redirect("access:grant", number=made.value.pk)

    def _asset(self, key: str) -> Asset | None:
        kind, _, slug = key.partition("/")
        return find_asset(self.actor, kind, slug) if slug else None

    def _page(self, asset: Asset | None = None, problem: DomainError | None = None) -> HttpResponse:
        asked = self.request.POST if problem else self.request.GET
        asset = asset or self._asset(asked.get("asset", ""))
        search = self.request.GET.get("q", "").strip()[:200]
        here = reverse("access:emergency")
        found = [(one, f"{here}?{urlencode({'asset': key_of(one)})}") for one in mine.askable(self.actor, search)]
        back = f"{here}?{urlencode({'asset': key_of(asset)})}" if asset else here
        context: dict[str, Any] = {
            "asset": asset,
            "asset_key": key_of(asset) if asset else "",
            "operations": operations_for(asset.kind) if asset else [],
            "chosen": asked.get("do", ""),
            "why": asked.get("why", ""),
            "search": search,
            "searched": bool(search),
            "found": found,
            "times": [(minutes, minutes == MAX_MINUTES // 2) for minutes in TIMES],
            "step": passkey_step(self.actor, clock.now(), back),
            "problem": problem,
        }
        return render(self.request, "access/emergency.html", context, status=problem.status if problem else 200)


class VerdictForm(forms.Form):
    """What the reviewer found."""

    justified = forms.ChoiceField(
        label="Was it justified?", widget=forms.RadioSelect,
        choices=[("yes", "Justified: there was an emergency"), ("no", "Not justified")],
    )  # fmt: skip
    verdict = forms.CharField(max_length=2000, label="What you found", widget=forms.Textarea(attrs={"rows": 3}))


class Reviews(ActorView):
    """The reviews of emergency access."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them, open ones first."""
        now = clock.now()
        rows = list(queries.reviews_visible_to(self.actor).order_by("-break_glass__at")[:SHOWN])
        rows.sort(key=lambda row: row.state != AfterReviewState.OPEN)
        shown = [{"review": row, "tone": TONES[AfterReviewState(row.state)], "due": _due(row, now)} for row in rows]
        return render(request, "access/after_reviews.html", {"rows": shown})


class Review(ActorView):
    """One emergency access, and whether it was justified."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show it."""
        return self._page(queries.find_review(self.actor, pk), VerdictForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide."""
        row, form = queries.find_review(self.actor, pk), VerdictForm(request.POST)
        can_review(self.actor, row).require()
        if not form.is_valid():
            return self._page(row, form, 400)
        said = form.cleaned_data
        services.review(
            actor=self.actor, after_review=row, justified=said["justified"] == "yes", verdict=said["verdict"]
        )
        messages.success(request, "Reviewed.")
        return redirect("access:after_reviews")

    def _page(self, row: AfterReview, form: VerdictForm, status: int = 200) -> HttpResponse:
        used = row.break_glass
        context = {
            "review": row,
            "used": used,
            "tone": TONES[AfterReviewState(row.state)],
            "skipped": queries.names_of(used.skipped),
            "may": can_review(self.actor, row),
            "due": _due(row, clock.now()),
            "form": form,
        }
        return render(self.request, "access/after_review.html", context, status=status)


def _due(row: AfterReview, now: Any) -> tuple[str, str]:
    return time_left(row.due_at, now) if row.state == AfterReviewState.OPEN else ("", "")


page = Emergency.as_view()
reviews = Reviews.as_view()
review = Review.as_view()
