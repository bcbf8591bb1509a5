"""Addresses of the notices app's pages."""

from django.urls import path

from apps.notices.web import notices, setup

app_name = "notices"
urlpatterns = [
    path("notices", notices.notices, name="notices"),
    path("notices/read", notices.read_all, name="read_all"),
    path("notices/<uuid:pk>/read", notices.read, name="read"),
    path("account/notices", notices.choices, name="choices"),
    path("setup/notices", setup.setup, name="setup"),
    path("setup/notices/channels/<uuid:pk>/switch", setup.switch, name="channel_switch"),
    path("setup/notices/channels/<uuid:pk>/test", setup.try_it, name="channel_try"),
    path("setup/notices/channels/<uuid:pk>/remove", setup.remove, name="channel_remove"),
    path("setup/notices/messages/<uuid:pk>/replay", setup.send_again, name="replay"),
]
