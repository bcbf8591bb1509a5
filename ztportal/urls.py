"""All addresses of the portal."""

from django.urls import include, path
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView

from apps.core.web.health import livez, readyz

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path("metrics", require_safe(ExportToDjangoView), name="metrics"),
    path("api/v1/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/", include("ztportal.api")),
    path("", include("apps.accounts.web.urls")),
    path("", include("apps.audit.web.urls")),
    path("", include("apps.notices.web.urls")),
    path("", include("apps.connectors.web.urls")),
    path("", include("apps.inventory.web.urls")),
    path("", include("apps.integrity.web.urls")),
    path("", include("apps.governance.web.urls")),
    path("", include("apps.posture.web.urls")),
    path("", include("apps.access.api.authzen.urls")),
    path("", include("apps.access.web.urls")),
    path("", include("apps.reviews.web.urls")),
    path("", include("apps.insights.web.urls")),
    path("", include("apps.portal.web.urls")),
]

handler404 = "apps.portal.web.errors.not_found"
handler403 = "apps.portal.web.errors.forbidden"
handler500 = "apps.portal.web.errors.server_error"
