"""Addresses of the access app's API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.access.api.views.grants import GrantViewSet
from apps.access.api.views.operations import OperationsView
from apps.access.api.views.requests import RequestViewSet
from apps.access.api.views.setup import OrphanViewSet, PoliciesView, TargetViewSet, VersionViewSet

router = SimpleRouter(trailing_slash=False)
router.register("requests", RequestViewSet, basename="access-request")
router.register("grants", GrantViewSet, basename="access-grant")
router.register("policies/versions", VersionViewSet, basename="policy-version")
router.register("targets", TargetViewSet, basename="access-target")
router.register("orphans", OrphanViewSet, basename="access-orphan")
urlpatterns = [
    *router.urls,
    path("policies", PoliciesView.as_view(), name="policies"),
    path("assets/<str:id>/operations", OperationsView.as_view(), name="asset-operations"),
]
