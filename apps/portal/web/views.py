"""Landing per role, search, theme."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from apps.access.queries.mine import has_anything_open
from apps.core import clock
from apps.core.actor import WIDE_ROLES, Role
from apps.core.jobs import enqueue
from apps.core.web.views import ActorView
from apps.portal.queries import first_run, sample_present, search
from apps.portal.rules import can_manage_sample
from apps.portal.services.removal import remove_sample

THEMES = ("light", "dark")
YEAR = 31_536_000


class LandingView(ActorView):
    """`/`: where each role begins."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Redirect: wide roles to the overview, managers to their findings, who holds or awaits access to it, others
        to the assets."""
        if self.actor.has(*WIDE_ROLES):
            return redirect("insights:posture")
        if self.actor.has(Role.MANAGER):
            return redirect("posture:findings")
        if has_anything_open(self.actor, clock.now()):
            return redirect("access:mine")
        return redirect("inventory:assets")


class SearchView(ActorView):
    """`/search?q=`: assets, findings, identities, people and sources that the actor may see."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the groups of hits; a single hit opens at once."""
        text = request.GET.get("q", "")
        groups = search(self.actor, text)
        hits = [hit for group in groups for hit in group.hits]
        if len(hits) == 1 and "stay" not in request.GET:
            return redirect(hits[0].url)
        return render(request, "portal/search.html", {"groups": groups, "query": text.strip(), "count": len(hits)})


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen theme in a cookie and go back; an unknown theme means the system's."""
    wanted = request.POST.get("next", "/")
    back = wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()) else "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme")
    return response


class SetupView(ActorView):
    """`/setup`: the first run."""

    roles = (Role.SECURITY_ADMIN,)

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the four steps, and the sample organisation for an empty portal."""
        steps = first_run(self.actor)
        open_steps = [step for step in steps if not step.done]
        context = {
            "steps": steps,
            "next_step": open_steps[0] if open_steps else None,
            "can_load_sample": not steps[0].done and bool(can_manage_sample(self.actor)),
        }
        return render(request, "portal/setup.html", context)


class SampleView(ActorView):
    """POST `/setup/sample`: load the sample organisation, or remove it."""

    roles = (Role.SECURITY_ADMIN,)
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Remove where it is, else queue the loading."""
        if sample_present():
            remove_sample(actor=self.actor)
            messages.success(request, "The sample organisation is removed. The audit log stays.")
            return redirect("portal:setup")
        can_manage_sample(self.actor).require()
        enqueue("portal.load_sample")
        messages.info(
            request, "The sample organisation is being loaded; it takes about a minute. Sources appear one by one."
        )
        return redirect("inventory:sources")
