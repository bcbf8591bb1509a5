"""Addresses of the pages of reviews."""

from django.urls import path, re_path

from apps.reviews.web import campaigns, evidence, items, lists, removals, seconding, sheets, whole

app_name = "reviews"
urlpatterns = [
    path("reviews", campaigns.index, name="index"),
    re_path(r"^reviews\.(?P<export>csv|json)$", lists.campaigns, name="campaigns"),
    path("reviews/new", campaigns.new, name="new"),
    path("reviews/<int:number>", sheets.page, name="sheet"),
    path("reviews/<int:number>/overview", campaigns.page, name="overview"),
    path("reviews/<int:number>/evidence.zip", evidence.evidence, name="evidence"),
    re_path(r"^reviews/(?P<number>\d+)/items\.(?P<export>csv|json)$", lists.items, name="items"),
    re_path(r"^reviews/(?P<number>\d+)/removals\.(?P<export>csv|json)$", lists.removals, name="removals"),
    re_path(r"^reviews/(?P<number>\d+)\.(?P<export>csv|json)$", lists.sheet_items, name="sheet_items"),
    path("reviews/<int:number>/items/<int:item>", items.page, name="item"),
    path("reviews/<int:number>/sample", whole.sample, name="sample"),
    path("reviews/<int:number>/bulk/<slug:choice>", whole.bulk, name="bulk"),
    path("reviews/<int:number>/sign", whole.sign, name="sign"),
    path("reviews/<int:number>/second", seconding.page, name="second"),
    path("reviews/<int:number>/removals/<int:item>", removals.act, name="removal"),
]
