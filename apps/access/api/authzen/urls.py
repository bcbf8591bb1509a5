"""Addresses of the decision point; the default paths of AuthZEN."""

from django.urls import path

from apps.access.api.authzen import asking, tokens, views

app_name = "authzen"
urlpatterns = [
    path(".well-known/authzen-configuration", views.Metadata.as_view(), name="metadata"),
    path(".well-known/jwks.json", tokens.KeySet.as_view(), name="jwks"),
    path("access/v1/introspect", tokens.Introspection.as_view(), name="introspect"),
    path("access/v1/evaluation", views.Evaluation.as_view(), name="evaluation"),
    path("access/v1/evaluations", views.Evaluations.as_view(), name="evaluations"),
    path("access/v1/search/subject", views.Search.as_view(part="subject"), name="search_subject"),
    path("access/v1/search/resource", views.Search.as_view(part="resource"), name="search_resource"),
    path("access/v1/search/action", views.Search.as_view(part="action"), name="search_action"),
    path("access/v1/requests", asking.Requests.as_view(), name="requests"),
    path("access/v1/requests/<uuid:pk>", asking.Task.as_view(), name="task"),
    path("access/v1/requests/<uuid:pk>/cancel", asking.Cancel.as_view(), name="cancel"),
]
