"""Addresses of the connectors app's pages."""

from django.urls import path, re_path

from apps.connectors.web import adding, connections

app_name = "connectors"
urlpatterns = [
    re_path(r"^setup/targets(?:\.(?P<export>csv|json))?$", connections.table, name="connections"),
    path("setup/targets/new", adding.choose, name="connection_choose"),
    path("setup/targets/new/<slug:driver>", adding.new, name="connection_new"),
    path("setup/targets/<uuid:key>", connections.detail, name="connection"),
    path("setup/targets/<uuid:key>/change", adding.change, name="connection_change"),
    path("setup/targets/<uuid:key>/secret", adding.secret, name="connection_secret"),
    path("setup/targets/<uuid:key>/test", connections.test, name="connection_test"),
    path("setup/targets/<uuid:key>/switch", connections.switch, name="connection_switch"),
    path("setup/targets/<uuid:key>/delete", connections.delete, name="connection_delete"),
]
