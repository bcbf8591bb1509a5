"""One throttle per actor."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from apps.core.api.permissions import actor_of

if TYPE_CHECKING:  # the views of the framework import this module
    from rest_framework.views import APIView


class ActorThrottle(SimpleRateThrottle):
    """Counts requests per actor; without an actor per address."""

    scope = "actor"

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        """Return the counter's key."""
        actor = actor_of(request)
        ident = f"{actor.kind}:{actor.id}" if actor is not None else self.get_ident(request)  # type: ignore[attr-defined]
        return self.cache_format % {"scope": self.scope, "ident": ident}
