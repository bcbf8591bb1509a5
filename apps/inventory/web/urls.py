"""Pages of the inventory."""

from django.urls import path, re_path

from apps.inventory.web import assets, joining, ownership, people, sources

app_name = "inventory"
EXPORT = r"(?:\.(?P<export>csv|json))?$"

urlpatterns = [
    re_path(r"^assets" + EXPORT, assets.AssetListView.as_view(), name="assets"),
    path("assets/owners", ownership.OwnersView.as_view(), name="owners"),
    path("assets/<str:kind>/<slug:slug>", assets.AssetView.as_view(), name="asset"),
    path("assets/<str:kind>/<slug:slug>/edit", ownership.OwnershipView.as_view(), name="asset_edit"),
    path("assets/<str:kind>/<slug:slug>/<str:tab>", assets.AssetView.as_view(), name="asset_tab"),
    re_path(r"^identities" + EXPORT, people.IdentityListView.as_view(), name="identities"),
    path("identities/<uuid:key>", people.IdentityView.as_view(), name="identity"),
    re_path(r"^people" + EXPORT, people.PersonListView.as_view(), name="people"),
    path("people/<uuid:key>", people.PersonView.as_view(), name="person"),
    path("people/<uuid:key>/merge", joining.MergeView.as_view(), name="person_merge"),
    path("people/<uuid:key>/split", joining.SplitView.as_view(), name="person_split"),
    path("people/<uuid:key>/link", joining.LinkView.as_view(), name="person_link"),
    path("people/<uuid:key>/unlink", joining.UnlinkView.as_view(), name="person_unlink"),
    re_path(r"^setup/sources" + EXPORT, sources.SourceListView.as_view(), name="sources"),
    path("setup/sources/upload", sources.UploadView.as_view(), name="upload"),
    re_path(r"^setup/sources/(?P<key>[0-9a-f-]{36})" + EXPORT, sources.SourceView.as_view(), name="source"),
    re_path(r"^setup/imports/(?P<number>\d{1,9})" + EXPORT, sources.ImportView.as_view(), name="import"),
    path(
        "setup/imports/<int:number>/apply",
        sources.ImportDecisionView.as_view(),
        {"decision": "apply"},
        name="import_apply",
    ),
    path(
        "setup/imports/<int:number>/discard",
        sources.ImportDecisionView.as_view(),
        {"decision": "discard"},
        name="import_discard",
    ),
]
