"""Addresses of the reviews app's API."""

from rest_framework.routers import SimpleRouter

from apps.reviews.api.views import CampaignViewSet, ItemViewSet

router = SimpleRouter(trailing_slash=False)
router.register("reviews", CampaignViewSet, basename="review")
router.register("review-items", ItemViewSet, basename="review-item")
urlpatterns = router.urls
