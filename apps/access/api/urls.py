"""Addresses of the access app's API."""

from rest_framework.routers import SimpleRouter

from apps.access.api.views import GrantViewSet, RequestViewSet

router = SimpleRouter(trailing_slash=False)
router.register("requests", RequestViewSet, basename="access-request")
router.register("grants", GrantViewSet, basename="access-grant")
urlpatterns = router.urls
