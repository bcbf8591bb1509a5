"""Pages of integrity."""

from django.urls import path

from apps.integrity.web import keys

app_name = "integrity"
urlpatterns = [
    path("setup/keys", keys.table, name="keys"),
    path("setup/keys/<uuid:pk>/retire", keys.retire, name="key_retire"),
]
