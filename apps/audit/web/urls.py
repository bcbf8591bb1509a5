"""Pages of the audit log."""

from django.urls import path

from apps.audit.web import views

app_name = "audit"
urlpatterns = [
    path("audit", views.EventList.as_view(), name="event_list"),
    path("audit.<str:export>", views.EventList.as_view(), name="event_export"),
    path("audit/package", views.Package.as_view(), name="package"),
    path("audit/<str:log>/<int:seq>", views.EventDetail.as_view(), name="event_detail"),
    path("audit/<str:log>/<int:seq>/erase", views.EraseDetails.as_view(), name="event_erase"),
]
