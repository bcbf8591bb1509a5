"""The asset list and the page of one asset."""

from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property

from apps.core import clock
from apps.core.errors import NotFound
from apps.core.numbers import plural
from apps.core.panels import cells_for, panels_for
from apps.core.text import display
from apps.core.ui.lineage import Edge, Node
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView
from apps.inventory.models import Asset
from apps.inventory.queries import assets as queries
from apps.inventory.rules import can_confirm_owner, can_set_tier
from apps.inventory.states import AssetKind
from apps.inventory.web.filters import AssetFilter

SLOT = "assets.list"
#: Rows of the tab *Access*; an asset with more is looked at by its identities.
ACCESS_ROWS = 500
TABS = (("", "Summary"), ("checks", "Checks"), ("access", "Access"), ("lineage", "Lineage"), ("history", "History"))
VIEWS = (("", "All"), ("no_owner", "No owner"), ("one_source", "Only one source"), ("disagree", "Sources disagree"))

COLUMNS = [
    Column("name", "Asset", lambda a: a.name),
    Column("kind", "Kind", lambda a: a.get_kind_display()),
    Column("tier", "Tier", lambda a: a.tier),
    Column("owner", "Owner", lambda a: a.owner.name if a.owner and a.owner_confirmed_at else None),
    Column("business_unit", "Business unit", lambda a: a.business_unit),
    Column("environment", "Environment", lambda a: a.environment),
    Column("classification", "Data class", lambda a: a.classification),
    Column("standing", "Standing access", lambda a: a.standing),
    Column("sources", "Sources", lambda a: a.source_count),
    Column("last_seen_at", "Last seen", lambda a: a.last_seen_at),
]


class AssetListView(TableView):
    """`/assets`: strictest tier first, then what is least proven."""

    template_name = "inventory/asset_list.html"
    filename = "assets"
    columns = COLUMNS
    filterset_class = AssetFilter

    @property
    def orderings(self) -> dict[str, tuple[Any, ...]]:  # type: ignore[override]
        """Return sort keys, those of added columns among them."""
        own: dict[str, tuple[Any, ...]] = {
            "name": ("name",),
            "kind": ("kind", "name"),
            "owner": ("owner__name", "name"),
            "standing": ("-standing", "name"),
            "seen": ("-last_seen_at", "name"),
            "sources": ("source_count", "name"),
        }
        for cells in cells_for(SLOT):
            own.update(cells.orderings)
        return own

    def rows(self) -> QuerySet[Asset]:
        """Return the assets the actor may see."""
        tier = F("tier").asc(nulls_last=True)
        least_proven = [order for cells in cells_for(SLOT) for order in cells.orderings.get("proven", ())]
        return queries.list_assets(self.actor).order_by(tier, *least_proven, "name", "pk")

    @cached_property
    def survey(self) -> queries.Survey:
        """Return what stands beside the rows."""
        return queries.survey(self.actor)

    def known_total(self) -> int | None:
        """Return how many assets there are where no more than kinds are asked for."""
        if self.filters_given() - {"kind"}:
            return None
        asked = set(self.request.GET.getlist("kind"))
        return sum(n for kind, _, n in self.survey.kinds if not asked or kind in asked)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return kind counts, saved views and what bulk actions are allowed."""
        problem = self.request.GET.get("problem", "")
        base = reverse("inventory:assets")
        views = [{"label": label, "url": f"{base}?problem={key}" if key else base, "current": key == problem}
                 for key, label in VIEWS]  # fmt: skip
        suggestions = self.survey.suggested if can_confirm_owner(self.actor) else 0
        return {
            "kinds": self.survey.kinds,
            "views": views,
            "added": cells_for(SLOT),
            "may_confirm": can_confirm_owner(self.actor),
            "suggested_text": f"A source claims an owner for {plural(suggestions, 'asset')}." if suggestions else "",
        }

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Add the cells of the shown rows, one query per added column group."""
        shown = queries.shown_assets(self.actor, context["rows"], first=self.is_first_page())
        keys = [asset.pk for asset in shown]
        made = [(cells.template, cells.cells(self.actor, keys)) for cells in cells_for(SLOT)]
        context["rows"] = [
            {"asset": asset, "cells": [(template, values.get(asset.pk)) for template, values in made]}
            for asset in shown
        ]
        return super().respond(context)


class AssetView(ActorView):
    """`/assets/<kind>/<slug>` and its tabs."""

    def get(self, request: HttpRequest, kind: str, slug: str, tab: str = "", **kwargs: Any) -> HttpResponse:
        """Answer the tab of the asset."""
        asset = queries.find_asset(self.actor, kind, slug)
        if tab not in dict(TABS):
            raise NotFound("An asset has no such page.")
        address = reverse("inventory:asset", args=[asset.kind, asset.slug])
        tabs = [
            {"label": label, "url": f"{address}/{key}" if key else address, "current": key == tab}
            for key, label in TABS
        ]
        context = {
            "asset": asset,
            "sections": tabs,
            "kind_url": f"{reverse('inventory:assets')}?kind={asset.kind}",
            "now": clock.now(),
            "may_confirm": can_confirm_owner(self.actor),
            "may_tier": can_set_tier(self.actor),
            "action_panels": panels_for("asset.actions", self.actor, asset),
            **_TAB_CONTEXT[tab](self, asset),
        }
        return render(request, f"inventory/asset_{tab or 'summary'}.html", context)

    def summary(self, asset: Asset) -> dict[str, Any]:
        """Return panels, versions, facts, access and a lineage of the asset."""
        return {
            "main_panels": panels_for("asset.main", self.actor, asset),
            "side_panels": panels_for("asset.side", self.actor, asset),
            "access": queries.access_summary(asset),
            "facts": asset_facts(asset),
            "versions": queries.versions_of(asset)[:8] if asset.kind == AssetKind.MODEL else [],
            **_lineage_context(self, asset),
        }

    def panels(self, asset: Asset, slot: str) -> dict[str, Any]:
        """Return the panels of a slot."""
        return {"panels": panels_for(slot, self.actor, asset)}


def asset_facts(asset: Asset) -> list[tuple[str, Any]]:
    """Return what sources tell about the asset, as (label, value); None reads Unknown."""
    runs_code = {"yes": "can run code when loaded", "no": "holds numbers only"}.get(asset.runs_code)
    weights = ", ".join(part for part in (asset.serialisation, runs_code) if part)
    shown_by = ", ".join(dict.fromkeys(display(name) for name in queries.source_names(asset)))
    facts: list[tuple[str, Any]] = [
        ("Use", display(asset.description) or None),
        ("Environment", asset.environment or None),
        ("Data class", asset.classification or None),
        ("Business unit", display(asset.business_unit) or None),
    ]
    if asset.kind == AssetKind.MODEL_VERSION:  # of a model, each version tells its own
        facts.append(("Weights", weights or None))
    if asset.kind == AssetKind.DATASET:
        facts += [
            ("Source", display(asset.location) or None),
            ("Licence", asset.licence or None),
            ("Hash", asset.content_digest or None),
        ]
    return [*facts, ("Seen by", shown_by or None)]


def _lineage_context(view: AssetView, asset: Asset) -> dict[str, Any]:
    found = queries.lineage(view.actor, asset)
    statuses = panels_for("asset.status", view.actor, [node.pk for node in found.assets])
    worst: dict[Any, str] = dict(statuses[0][1]) if statuses else {}
    nodes = [
        Node(
            key=str(node.pk),
            label=str(node),
            sub=str(node.get_kind_display()),
            status=worst.get(node.pk, ""),
            url="" if node.pk == asset.pk else reverse("inventory:asset", args=[node.kind, node.slug]),
            current=node.pk == asset.pk,
        )
        for node in found.assets
    ]
    edges = [Edge(str(left), str(right)) for left, right, _ in found.links]
    return {"nodes": nodes, "edges": edges, "lineage_cut": found.cut, "has_lineage": len(nodes) > 1}


def _access_context(view: AssetView, asset: Asset) -> dict[str, Any]:
    """Who may do what, with the columns of upper floors that have something to show."""
    rows = list(queries.access_rows(view.actor, asset)[:ACCESS_ROWS])
    made = [(cells, cells.cells(view.actor, [row.pk for row in rows])) for cells in cells_for("asset.access")]
    added = [(cells, values) for cells, values in made if values]
    return {
        "rows": [(row, [(cells.template, values[row.pk]) for cells, values in added]) for row in rows],
        "added": [cells for cells, _ in added],
        "access": queries.access_summary(asset),
    }


_TAB_CONTEXT = {
    "": AssetView.summary,
    "checks": lambda view, asset: view.panels(asset, "asset.checks"),
    "access": _access_context,
    "lineage": _lineage_context,
    "history": lambda view, asset: view.panels(asset, "asset.history"),
}
