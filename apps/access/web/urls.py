"""Addresses of the access app's pages."""

from django.urls import path, re_path

from apps.access.web import (
    asking,
    bindings,
    deciding,
    delegations,
    emergency,
    grants,
    inbox,
    mine,
    password,
    permits,
    policies,
    routes,
    tasks,
)

app_name = "access"
urlpatterns = [
    re_path(r"^access(?:\.(?P<export>csv|json))?$", mine.table, name="mine"),
    path("access/new", asking.new, name="new"),
    path("access/emergency", emergency.page, name="emergency"),
    path("access/REQ-<int:number>", mine.status, name="request"),
    path("access/G-<int:number>", grants.page, name="grant"),
    path("access/G-<int:number>/secret", password.page, name="grant_password"),
    path("approvals", inbox.index, name="approvals"),
    path("approvals/REQ-<int:number>", deciding.page, name="approval"),
    path("approvals/delegations", delegations.page, name="delegations"),
    path("approvals/tasks", tasks.index, name="tasks"),
    path("approvals/tasks/<int:pk>", tasks.confirm, name="task"),
    path("approvals/after-reviews", emergency.reviews, name="after_reviews"),
    path("approvals/after-reviews/<int:pk>", emergency.review, name="after_review"),
    path("setup/emergency", permits.table, name="permits"),
    path("setup/emergency/<int:pk>", permits.change, name="permit"),
    path("setup/bindings", bindings.table, name="bindings"),
    path("setup/bindings/new", bindings.new, name="binding_new"),
    path("setup/bindings/<int:pk>", bindings.change, name="binding"),
    path("setup/bindings/<int:pk>/switch", bindings.switch, name="binding_switch"),
    path("setup/orphans/<int:pk>/remove", bindings.remove, name="orphan_remove"),
    path("setup/policies", policies.table, name="policies"),
    path("setup/policies/edit", policies.edit, name="policies_edit"),
    path("setup/policies/versions/<int:number>", policies.version, name="policy_version"),
    path("setup/policies/changes/<int:pk>", policies.change, name="policy_change"),
    path("setup/policies/routes", routes.table, name="routes"),
    path("setup/policies/routes/edit", routes.edit, name="routes_edit"),
    path("setup/policies/routes/versions/<int:number>", routes.version, name="route_version"),
    path("setup/policies/routes/changes/<int:pk>", routes.change, name="route_change"),
]
