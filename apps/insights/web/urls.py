"""Pages of insights."""

from django.urls import path

from apps.insights.web import views

app_name = "insights"

urlpatterns = [
    path("posture", views.OverviewView.as_view(), name="posture"),
    path("help/metrics", views.MetricsHelpView.as_view(), name="metrics_help"),
]
