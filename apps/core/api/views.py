"""Base of the read API: rows through `visible_to`, one scope, cursor pages."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from apps.core.actor import Actor
from apps.core.api.filters import refuse_unknown


class NoParameters(APIView):
    """A view that is not a list of rows and takes no parameters: any is an error, as everywhere in the API."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse parameters once the caller is known."""
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, {"format"})


class VisibleReadOnly(ReadOnlyModelViewSet[Any]):
    """List and detail of what the actor may see; `visible(actor)` is the only source of rows."""

    required_scope = ""
    cursor_ordering: tuple[str, ...] = ("pk",)

    def visible(self, actor: Actor) -> QuerySet[Any]:
        """Return the rows this actor may see."""
        raise LookupError(f"{type(self).__name__} names no rows")

    def get_queryset(self) -> QuerySet[Any]:
        """Return the visible rows of the calling actor."""
        actor = getattr(self.request._request, "actor", None)
        if actor is None:  # schema generation has no actor and needs only the model
            return self.visible(Actor(kind="service", id="schema", label="schema")).none()
        return self.visible(actor)
