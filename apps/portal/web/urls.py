"""Pages of the portal itself."""

from django.urls import path

from apps.portal.web import views

app_name = "portal"

urlpatterns = [
    path("", views.LandingView.as_view(), name="landing"),
    path("search", views.SearchView.as_view(), name="search"),
    path("theme", views.theme, name="theme"),
    path("setup", views.SetupView.as_view(), name="setup"),
    path("setup/sample", views.SampleView.as_view(), name="sample"),
]
