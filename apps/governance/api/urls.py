"""API addresses of governance."""

from rest_framework.routers import SimpleRouter

from apps.governance.api.views import ExceptionViewSet

router = SimpleRouter(trailing_slash=False)
router.register("exceptions", ExceptionViewSet, basename="exception")
urlpatterns = router.urls
