"""API addresses of the inventory."""

from rest_framework.routers import SimpleRouter

from apps.inventory.api.views import AssetViewSet, IdentityViewSet, SourceViewSet

router = SimpleRouter(trailing_slash=False)
router.register("assets", AssetViewSet, basename="asset")
router.register("identities", IdentityViewSet, basename="identity")
router.register("sources", SourceViewSet, basename="source")
urlpatterns = router.urls
