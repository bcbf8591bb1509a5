"""Filters: only what a view declares; an unknown parameter is an error, not ignored (CVE-2025-64459)."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

PAGING = frozenset({"cursor", "page_size", "format"})


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise 400 naming the parameters of the request that are not known."""
    unknown = set(request.query_params) - set(known)
    if unknown:
        raise ValidationError(dict.fromkeys(sorted(unknown), "Unknown parameter."))


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter with unknown parameters refused."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Return the filtered rows; raise 400 naming unknown parameters."""
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        refuse_unknown(request, known | PAGING)
        return super().filter_queryset(request, queryset, view)
