"""`/reviews`, `/reviews/new`, `/reviews/<n>/overview`: what waits for one, and the campaigns."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import DomainError, Forbidden, Invalid
from apps.core.numbers import grouped, plural
from apps.core.web.views import ActorView
from apps.inventory.states import AssetKind
from apps.reviews.models import Campaign, Series
from apps.reviews.queries import overview, sheet
from apps.reviews.queries.seconding import waiting_for_second
from apps.reviews.rules.campaigns import can_run_campaigns
from apps.reviews.rules.seconding import can_look_twice
from apps.reviews.services import campaigns as services
from apps.reviews.services import staging
from apps.reviews.states import CAMPAIGN_TONES, CampaignState, Frequency, ItemState, ReviewerRule
from apps.reviews.web.forms import CampaignForm
from apps.reviews.web.removals import removal_rows

PER_PAGE = 20
SHOWN = 50
#: What a removal comes to: the name of its count, and its state.
BECAME = {
    "verified": ItemState.VERIFIED,
    "removing": ItemState.REMEDIATING,
    "failed": ItemState.FAILED,
    "accepted": ItemState.RISK_ACCEPTED,
}


class Index(ActorView):
    """What waits for one, and the campaigns one may see."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show both."""
        now = clock.now()
        seats = [
            {"seat": seat, "far": sheet.progress(seat.campaign, seat.reviewer_id), "other": self._other(seat)}
            for seat in sheet.waiting_for(self.actor)[:SHOWN]
        ]
        page = Paginator(overview.campaigns(self.actor), PER_PAGE).get_page(request.GET.get("page"))
        context: dict[str, Any] = {
            "seats": seats,
            "page_obj": page,
            "rows": [(row, CAMPAIGN_TONES[CampaignState(row.state)]) for row in page.object_list],
            "series": overview.series(self.actor)[:SHOWN],
            "seconds": waiting_for_second(self.actor) if can_look_twice(self.actor) else [],
            "may_run": bool(can_run_campaigns(self.actor)),
            "now": now,
        }
        return render(request, "reviews/index.html", context)

    def _other(self, seat: Any) -> bool:
        return bool(seat.reviewer_id != self.actor.user_id)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Stop a scope that recurs."""
        number = request.POST.get("stop", "")
        row = Series.objects.visible_to(self.actor).filter(pk=int(number) if number.isdecimal() else 0).first()
        if row is None:
            raise Invalid("Choose a review that recurs.")
        services.stop_series(actor=self.actor, series=row)
        messages.success(request, f"{row.name} opens no more by itself.")
        return redirect("reviews:index")


class New(ActorView):
    """`/reviews/new`: draft a review, or save a scope that recurs."""

    roles = (Role.CISO, Role.SECURITY_ADMIN)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._page(CampaignForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Draft and preview it; one that recurs is saved, and opens by itself."""
        form = CampaignForm(request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            return self._made(form)
        except DomainError as wrong:
            fields = [name for name in wrong.fields if name in form.fields]
            form.add_error(fields[0] if fields else None, wrong.reason)
            return self._page(form, wrong.status)

    def _made(self, form: CampaignForm) -> HttpResponse:
        said, terms = form.cleaned_data, form.terms()
        if said["frequency"] != Frequency.ONCE:
            row = services.save_series(
                actor=self.actor, frequency=said["frequency"], first_on=said["first_on"], **terms
            ).value
            messages.success(self.request, f"Saved: {row.name} opens by itself.")
            return redirect("reviews:index")
        with transaction.atomic():  # a scope with nothing in it leaves no draft behind
            drafted: Campaign = services.draft(actor=self.actor, **terms).value
            staging.stage(actor=self.actor, campaign=drafted)
        return redirect("reviews:overview", drafted.pk)

    def _page(self, form: CampaignForm, status: int = 200) -> HttpResponse:
        return render(self.request, "reviews/new.html", {"form": form}, status=status)


class Overview(ActorView):
    """`/reviews/<n>/overview`: scope, preview, progress by reviewer, and what is not yet seen gone."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """Show it."""
        return self._page(sheet.find_campaign(self.actor, number))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Preview, open or cancel."""
        row = sheet.find_campaign(self.actor, number)
        acts: dict[str, Callable[[Campaign], str]] = {
            "stage": self._stage, "unstage": self._unstage, "open": self._open, "cancel": self._cancel,
        }  # fmt: skip
        act = acts.get(request.POST.get("do", ""))
        if act is None:
            raise Invalid("Choose preview, open or cancel.")
        try:
            messages.success(request, act(row))
        except Forbidden:
            raise
        except DomainError as wrong:
            return self._page(sheet.find_campaign(self.actor, number), wrong)
        return redirect("reviews:overview", number)

    def _stage(self, row: Campaign) -> str:
        done: Campaign = staging.stage(actor=self.actor, campaign=row).value
        return f"{plural(done.items_count, 'item')} in this review."

    def _unstage(self, row: Campaign) -> str:
        services.unstage(actor=self.actor, campaign=row)
        return "The preview is thrown away."

    def _open(self, row: Campaign) -> str:
        shown = self.request.POST.get("snapshot_hash", "")
        services.open_campaign(actor=self.actor, campaign=row, snapshot_hash=shown)
        return "Opened: the reviewers are told."

    def _cancel(self, row: Campaign) -> str:
        services.cancel(actor=self.actor, campaign=row, reason=self.request.POST.get("reason", ""))
        return "Cancelled."

    def _page(self, row: Campaign, problem: DomainError | None = None) -> HttpResponse:
        now, state = clock.now(), CampaignState(row.state)
        wide = self.actor.sees_all
        counts = overview.answer_counts(row) if wide else {}
        lines = overview.reviewer_lines(row) if wide and row.items_count else []
        context: dict[str, Any] = {
            "campaign": row,
            "state": state,
            "tone": CAMPAIGN_TONES[state],
            "wide": wide,
            "counts": counts,
            "of_total": f"of {grouped(counts.get('total', 0) - counts.get('moot', 0))}",
            "of_answered": f"of {grouped(counts.get('answered', 0))} answered",
            "became": became(counts) if row.sealed_at and wide else [],
            "of_removed": f"of {grouped(counts.get('revoked', 0) + counts.get('reduced', 0))} revoked or reduced",
            "lines": lines[:SHOWN],
            "more_lines": max(0, len(lines) - SHOWN),
            "not_started": sum(1 for line in lines if line.reviewer and not line.done),
            "forecast": overview.forecast(row, sum(line.left for line in lines), now) if wide else None,
            "piles": overview.pile_counts(row) if wide else {},
            "reasons": overview.reasons_of(row) if wide and not row.sealed_at and row.items_count else [],
            "nobody": overview.without_reviewer(row)[:SHOWN] if wide and state == CampaignState.STAGED else [],
            "removals": removal_rows(self.actor, row, now),
            "stages": [(ReviewerRule(one["reviewer"]).label, one["days"]) for one in row.stages],
            "scope": scope_words(row.scope),
            "mine": sheet.seats_of(self.actor, row).exists(),
            "may_run": bool(can_run_campaigns(self.actor)),
            "problem": problem,
            "now": now,
        }
        return render(self.request, "reviews/overview.html", context, status=problem.status if problem else 200)


def became(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Return what the items of a sealed review came to; together they are all of its items."""
    return [
        ("Kept", counts["kept"]),
        *[(str(state.label), counts[name]) for name, state in BECAME.items()],
        (str(ItemState.MOOT.label), counts["moot"]),
    ]


def scope_words(scope: dict[str, Any]) -> list[str]:
    """Return a scope in a few words each; an empty one takes in everything."""
    words = [str(AssetKind(kind).label) for kind in scope.get("kinds", ())]
    words += [f"Tier {tier}" for tier in scope.get("tiers", ())]
    words += overview.team_names(scope)
    if scope.get("assets"):
        words.append(plural(len(scope["assets"]), "named asset"))
    for name, said in (
        ("privileged_only", "Privileged only"),
        ("non_human_only", "No people"),
        ("guests_only", "Guests only"),
        ("governance", "With what governs the portal"),
    ):
        words += [said] if scope.get(name) else []
    return words or ["All access"]


index = Index.as_view()
new = New.as_view()
page = Overview.as_view()
