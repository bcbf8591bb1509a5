"""API addresses of the audit log."""

from rest_framework.routers import SimpleRouter

from apps.audit.api.views import EventViewSet

router = SimpleRouter(trailing_slash=False)
router.register("audit/events", EventViewSet, basename="audit-event")
urlpatterns = router.urls
