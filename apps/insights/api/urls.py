"""API addresses of insights."""

from django.urls import path

from apps.insights.api.views import MetricsView

urlpatterns = [path("metrics", MetricsView.as_view(), name="api-metrics")]
