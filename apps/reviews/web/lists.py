"""Reviews, their items and their removals as CSV and JSON, narrowed as the pages that show them."""

from functools import cached_property
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.reviews.models import Campaign, Item, Removal
from apps.reviews.queries import overview, sheet
from apps.reviews.rules.evidence import may_take_evidence
from apps.reviews.services.evidence import note_taken
from apps.reviews.states import Choice, ItemState, Pile, Reason
from apps.reviews.web.base import SheetView


def _name(person: Any) -> str:
    return person.name if person is not None else ""


CAMPAIGNS = [
    Column("code", "Review", lambda row: row.code),
    Column("name", "Name", lambda row: row.name),
    Column("state", "State", lambda row: row.get_state_display()),
    Column("answered", "Answered", lambda row: row.answered),
    Column("items", "Items", lambda row: row.live),
    Column("unproven", "Not yet seen gone", lambda row: row.unproven),
    Column("opened_at", "Opened (UTC)", lambda row: row.opened_at),
    Column("due_at", "Due (UTC)", lambda row: row.due_at),
    Column("sealed_at", "Sealed (UTC)", lambda row: row.sealed_at),
    Column("closed_at", "Closed (UTC)", lambda row: row.closed_at),
    Column("snapshot_hash", "Snapshot", lambda row: row.snapshot_hash),
]
ITEMS = [
    Column("number", "Number", lambda item: item.number),
    Column("holder", "Who", lambda item: item.holder_label),
    Column("holder_kind", "Kind", lambda item: item.get_holder_kind_display()),
    Column("team", "Team", lambda item: item.holder_team),
    Column("operation", "Can do", lambda item: item.operation),
    Column("asset", "Asset", lambda item: item.asset_label),
    Column("tier", "Tier", lambda item: item.tier),
    Column("privileged", "Privileged", lambda item: item.privileged),
    Column("origin", "How it came", lambda item: item.origin),
    Column("granted_at", "Since (UTC)", lambda item: item.granted_at),
    Column("expires_at", "Until (UTC)", lambda item: item.expires_at),
    Column("last_used_at", "Last used (UTC)", lambda item: item.last_used_at),
    Column("pile", "Pile", lambda item: item.get_pile_display()),
    Column("reasons", "Why it asks for a look", lambda item: "; ".join(str(r.label) for r in item.reason_list)),
    Column("reviewer", "Reviewer", lambda item: _name(item.reviewer)),
    Column("decision", "Decision", lambda item: item.get_decision_display()),
    Column("decided_by", "Decided by", lambda item: _name(item.decided_by)),
    Column("decided_at", "Decided (UTC)", lambda item: item.decided_at),
    Column("defaulted", "By default", lambda item: "yes" if item.defaulted else "no"),
    Column("state", "State", lambda item: item.get_state_display()),
    Column("ended_at", "Ended (UTC)", lambda item: item.ended_at),
    Column("digest", "Digest", lambda item: item.digest),
]
REMOVALS = [
    Column("number", "Item", lambda row: row.item_id),
    Column("holder", "Who", lambda row: row.item.holder_label),
    Column("operation", "Can do", lambda row: row.item.operation),
    Column("asset", "Asset", lambda row: row.item.asset_label),
    Column("state", "State", lambda row: row.item.get_state_display()),
    Column("way", "How", lambda row: row.get_way_display()),
    Column("owner", "By", lambda row: _name(row.owner)),
    Column("asked_at", "Asked (UTC)", lambda row: row.asked_at),
    Column("due_at", "Due (UTC)", lambda row: row.due_at),
    Column("attempts", "Tries", lambda row: row.attempts),
    Column("tried_at", "Last tried (UTC)", lambda row: row.tried_at),
    Column("done_at", "Reported (UTC)", lambda row: row.done_at),
    Column("problem", "What stands in the way", lambda row: row.last_problem),
]


class ItemFilter(django_filters.FilterSet):
    """What narrows items: the choices above *Look closely* of a sheet, and their state."""

    pile = django_filters.MultipleChoiceFilter(choices=Pile.choices, label="Pile")
    state = django_filters.MultipleChoiceFilter(choices=ItemState.choices, label="State")
    decision = django_filters.MultipleChoiceFilter(choices=Choice.choices, label="Decision")
    why = django_filters.ChoiceFilter(choices=Reason.choices, method="with_reason", label="Why it asks for a look")

    def with_reason(self, rows: QuerySet[Item], name: str, value: str) -> QuerySet[Item]:
        """Keep the items that carry a reason."""
        return rows.filter(reasons__contains=f"{value} ")


class _Export(TableView):
    """A list that has its page elsewhere: answered as CSV or JSON only."""

    http_method_names = ["get"]

    @cached_property
    def campaign(self) -> Campaign:
        """Return the review of the address. Raises NotFound."""
        return sheet.find_campaign(self.actor, self.kwargs["number"])

    def _export(self, export: str, rows: QuerySet[Any]) -> HttpResponseBase:
        response = super()._export(export, rows)
        response.headers["Cache-Control"] = "private, no-store"
        return response


class Campaigns(_Export):
    """`/reviews.csv`, `/reviews.json`: the reviews one may see."""

    columns = CAMPAIGNS
    filename = "reviews"

    def rows(self) -> QuerySet[Campaign]:
        """Return them, newest first."""
        return overview.campaigns(self.actor)


class Items(_Export):
    """`/reviews/<n>/items.csv`, `.json`: all items of a review, for those who may take its evidence."""

    columns = ITEMS
    filterset_class = ItemFilter

    def rows(self) -> QuerySet[Item]:
        """Return the items in order; that they were taken is written down."""
        self.filename = f"{self.campaign.code}-items"
        may_take_evidence(self.actor).require()
        note_taken(self.actor, self.campaign, self.kwargs["export"])
        return overview.items_to_take(self.campaign)


class SheetItems(SheetView, _Export):
    """`/reviews/<n>.csv`, `.json`: the items of one's own sheet, or of one that one stands in for."""

    columns = ITEMS
    filterset_class = ItemFilter

    def get(self, request: HttpRequest, export: str = "", **kwargs: Any) -> HttpResponseBase:
        """Answer the sheet's items."""
        self.filename = f"{self.campaign.code}-sheet"
        return super().get(request, export=export, **kwargs)

    def rows(self) -> QuerySet[Item]:
        """Return the items in order."""
        rows = sheet.items_of(self.campaign, self.seat.reviewer_id)
        return rows.select_related("reviewer", "decided_by").order_by("number")


class Removals(_Export):
    """`/reviews/<n>/removals.csv`, `.json`: what is not yet seen gone: all for wide roles, else one's own tasks."""

    columns = REMOVALS

    def rows(self) -> QuerySet[Removal]:
        """Return the removals, the most urgent first."""
        self.filename = f"{self.campaign.code}-removals"
        return overview.removals(self.actor, self.campaign)


campaigns = Campaigns.as_view()
items = Items.as_view()
sheet_items = SheetItems.as_view()
removals = Removals.as_view()
