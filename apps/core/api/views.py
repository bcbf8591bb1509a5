"""Bases of the API: who calls, rows through a query of the actor's, one scope for reading and one for writing."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from apps.core.actor import Actor
from apps.core.api.filters import refuse_unknown

#: Stands in for the caller while the description of the API is made: it sees nothing.
NOBODY = Actor(kind="service", id="schema", label="schema")


class ApiView(APIView):
    """A view of the API: a token needs `required_scope` to read here and `writing_scope` to write."""

    required_scope = ""
    writing_scope = ""

    @property
    def actor(self) -> Actor:
        """Return who calls; nobody while the description is made."""
        return getattr(self.request._request, "actor", None) or NOBODY

    def read_body(self, kind: type[serializers.Serializer[Any]], **more: Any) -> dict[str, Any]:
        """Return what was sent, as `kind` describes it. Raises 400 naming each field that is wrong."""
        body = kind(data=self.request.data, **more)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)


class NoParameters(ApiView):
    """A view that is not a list of rows and takes no parameters: any is an error, as everywhere in the API."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse parameters once the caller is known."""
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, {"format"})


class VisibleReadOnly(ApiView, ReadOnlyModelViewSet[Any]):
    """List and detail of what the actor may see; `visible(actor)`, a query, is the only source of rows.

    Its serializer is one of a model, from which the description of the API takes the type of the key.
    """

    visible: Callable[[Actor], QuerySet[Any]]
    cursor_ordering: tuple[str, ...] = ("pk",)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Tell the description of the API which model this is about."""
        super().__init_subclass__(**kwargs)
        cls.queryset = cls.serializer_class.Meta.model._default_manager.none()  # type: ignore[union-attr]

    def get_queryset(self) -> QuerySet[Any]:
        """Return the visible rows of the calling actor."""
        rows = self.visible(self.actor)
        return rows.none() if self.actor is NOBODY else rows
