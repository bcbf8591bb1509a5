"""Cursor pages: stable under inserts, at most 200 rows."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """Pages by cursor; `page_size` up to 200; the view's `cursor_ordering` orders."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_ordering(self, request, queryset, view):  # type: ignore[no-untyped-def]
        """Return the view's ordering; it must end in a unique column."""
        return getattr(view, "cursor_ordering", ("pk",))
