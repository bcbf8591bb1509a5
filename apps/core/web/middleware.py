"""Request id, and the one translation of domain errors into pages."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from apps.core.errors import DomainError, Invalid

GetResponse = Callable[[HttpRequest], HttpResponse]
#: Links and forms need no others; the API answers other verbs itself, as problem+json.
VERBS = ("GET", "HEAD", "OPTIONS", "POST")
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


class RequestIdMiddleware:
    """Give each request an id (the caller's `X-Request-ID` when it is well-formed), bind it to logs, and echo it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        request.actor = None  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response


class VerbMiddleware:
    """Refuse verbs that the portal never uses: generic form views of libraries answer PUT as if it were POST."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in VERBS and not request.path.startswith("/api/"):
            return HttpResponseNotAllowed(VERBS)
        return self.get_response(request)


class DomainErrorMiddleware:
    """Turn Forbidden, Conflict, Invalid and NotFound raised by a page into one error page each."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse an address or a form with a NUL: PostgreSQL keeps none, and whatever reads it would fail there.

        Django's own form fields refuse it too; views that read a field by its name do not. The API has its own check.
        """
        if hasattr(view, "cls"):
            return None
        sent = [text for data in (request.GET, request.POST) for _, texts in data.lists() for text in texts]
        if not any("\x00" in text for text in (request.path, *sent)):
            return None
        return self.process_exception(request, Invalid("There is a NUL character in what was sent; leave it out."))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render the domain error with its status and reason; leave everything else to Django."""
        if not isinstance(exception, DomainError):
            return None
        context = {"title": exception.title, "reason": exception.reason, "status": exception.status}
        return render(request, "errors/domain.html", context, status=exception.status)
