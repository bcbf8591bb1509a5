"""API addresses of posture."""

from rest_framework.routers import SimpleRouter

from apps.posture.api.views import CheckViewSet, FindingViewSet, ResultViewSet, RunViewSet

router = SimpleRouter(trailing_slash=False)
router.register("checks", CheckViewSet, basename="check")
router.register("runs", RunViewSet, basename="run")
router.register("results", ResultViewSet, basename="result")
router.register("findings", FindingViewSet, basename="finding")
urlpatterns = router.urls
