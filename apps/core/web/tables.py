"""A list page: filters from the query string, one page of rows, and the same rows as CSV and JSON."""

from typing import Any

import django_filters
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from apps.core.errors import Invalid
from apps.core.web.context import SHELL
from apps.core.web.exports import MAX_ROWS, Column, csv_response, json_response
from apps.core.web.views import ActorView


class TableView(ActorView):
    """A table of rows that the actor may see; `<url>.csv` and `<url>.json` export what the filters show.

    Subclasses give `rows(request)`, `columns`, `template_name`, and optionally `filterset_class` and `surroundings`.
    Sorting: `?sort=key` or `?sort=-key`, only keys of `orderings`.
    """

    template_name = ""
    filename = "rows"
    per_page = 50
    columns: list[Column] = []
    filterset_class: type[django_filters.FilterSet] | None = None
    orderings: dict[str, tuple[Any, ...]] = {}
    default_sort = ""

    def rows(self) -> QuerySet[Any]:
        """Return the rows visible to the actor."""
        raise LookupError(f"{type(self).__name__} gives no rows")

    def known_total(self) -> int | None:
        """Return how many rows the filters keep where that need not be counted; None counts them."""
        return None

    def filters_given(self) -> frozenset[str]:
        """Return the names of the filters that the query string sets."""
        names = self.filterset_class.base_filters if self.filterset_class is not None else ()
        return frozenset(name for name in names if any(self.request.GET.getlist(name)))

    def is_first_page(self) -> bool:
        """Return whether the request asks for the first page, without filter, in the order it comes in."""
        return not self.filters_given() and not self._sort_key() and self.request.GET.get("page", "1") in ("", "1")

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return what the template needs beside the table."""
        return {}

    def get(self, request: HttpRequest, export: str = "", **kwargs: Any) -> HttpResponseBase:
        """Answer the page, or the export of the filtered rows."""
        rows = self.rows()
        filterset = None
        if self.filterset_class is not None:
            filterset = self.filterset_class(request.GET or None, queryset=rows, request=request)
            if filterset.is_bound and not filterset.is_valid():
                raise Invalid("; ".join(f"{name}: {errors[0]}" for name, errors in filterset.errors.items()))
            rows = filterset.qs
        rows = self._sorted(rows)
        if export:
            return self._export(export, rows[:MAX_ROWS])
        page = self._page(rows)
        context = {"page_obj": page, "rows": page.object_list, "filterset": filterset, "sort": self._sort_key()}
        return self.respond({**context, "total": page.paginator.count, **self.surroundings(rows)})

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Render the page; htmx asks the same address, so the answer varies by it."""
        response = render(self.request, self.template_name, context)
        response["Vary"] = "HX-Request"
        return response

    def _sort_key(self) -> str:
        asked = self.request.GET.get("sort", "")
        return asked if asked.lstrip("-") in self.orderings else self.default_sort

    def _sorted(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        key = self._sort_key()
        if not key:
            return rows
        fields = self.orderings[key.lstrip("-")]
        return rows.order_by(*(map(_turned, fields) if key.startswith("-") else fields), "pk")

    def _page(self, rows: QuerySet[Any]) -> Page[Any]:
        paginator, total = Paginator(rows, self.per_page), self.known_total()
        if total is not None:
            paginator.count = total
        return paginator.get_page(self.request.GET.get("page"))

    def _export(self, export: str, rows: QuerySet[Any]) -> HttpResponseBase:
        sample = "sample_bar" in SHELL and SHELL["sample_bar"](self.request)
        make = csv_response if export == "csv" else json_response
        return make(self.filename, self.columns, rows.iterator(chunk_size=2000), "Sample data" if sample else "")


def _turned(field: Any) -> Any:
    """Return an ordering the other way round: a field name, or an expression, whose nulls stay where they are."""
    if isinstance(field, str):
        return field[1:] if field.startswith("-") else f"-{field}"
    turned = field.copy()
    turned.descending = not turned.descending
    return turned
