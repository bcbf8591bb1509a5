"""Who may call the API: an actor, with the scope the view names."""

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # the views of the framework import this module
    from rest_framework.views import APIView


def actor_of(request: Request) -> object | None:
    """Return the actor that authentication put on the request."""
    return getattr(request._request, "actor", None)


class ActorHasScope(BasePermission):
    """A token needs the view's `required_scope`, to write its `writing_scope` if it has one; a session has all scopes
    of its roles."""

    message = "This token has not the scope that this address needs."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return whether there is an actor and its scopes suffice."""
        actor = actor_of(request)
        if actor is None:
            return False
        scope = getattr(view, "required_scope", None)
        if request.method not in SAFE_METHODS:
            scope = getattr(view, "writing_scope", "") or scope
        scopes = actor.scopes  # type: ignore[attr-defined]
        return scopes is None or (scope is not None and scope in scopes)
