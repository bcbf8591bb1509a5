"""Addresses of the pages of reviews."""

from django.urls import path

from apps.reviews.web import campaigns, evidence, items, removals, sheets, whole

app_name = "reviews"
urlpatterns = [
    path("reviews", campaigns.index, name="index"),
    path("reviews/new", campaigns.new, name="new"),
    path("reviews/<int:number>", sheets.page, name="sheet"),
    path("reviews/<int:number>/overview", campaigns.page, name="overview"),
    path("reviews/<int:number>/evidence.zip", evidence.evidence, name="evidence"),
    path("reviews/<int:number>/items.csv", evidence.items, name="items_csv"),
    path("reviews/<int:number>/items/<int:item>", items.page, name="item"),
    path("reviews/<int:number>/sample", whole.sample, name="sample"),
    path("reviews/<int:number>/bulk/<slug:choice>", whole.bulk, name="bulk"),
    path("reviews/<int:number>/sign", whole.sign, name="sign"),
    path("reviews/<int:number>/removals/<int:item>", removals.act, name="removal"),
]
