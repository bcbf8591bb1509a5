"""`/reviews/<n>/evidence.zip`: a review to take away."""

from django.contrib import messages
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from apps.core.errors import Conflict
from apps.core.web.views import ActorView
from apps.reviews.queries import sheet
from apps.reviews.services.evidence import evidence_of


class Evidence(ActorView):
    """The signed archive of a sealed review."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """Answer the ZIP; what is missing yet is told on the review's page."""
        campaign = sheet.find_campaign(self.actor, number)
        try:
            content = evidence_of(actor=self.actor, campaign=campaign)
        except Conflict as wrong:
            messages.error(request, wrong.reason)
            return redirect("reviews:overview", number)
        response = FileResponse(content, as_attachment=True, filename=f"{campaign.code}-evidence.zip")
        response.headers["Cache-Control"] = "private, no-store"
        return response


evidence = Evidence.as_view()
