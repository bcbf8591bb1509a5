"""All addresses of the API, version 1."""

from django.urls import include, path

urlpatterns = [
    path("", include("apps.inventory.api.urls")),
    path("", include("apps.governance.api.urls")),
    path("", include("apps.posture.api.urls")),
    path("", include("apps.access.api.urls")),
    path("", include("apps.reviews.api.urls")),
    path("", include("apps.insights.api.urls")),
    path("", include("apps.audit.api.urls")),
]
