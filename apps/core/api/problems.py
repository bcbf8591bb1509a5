"""problem+json (RFC 9457): the one translation of errors for the API."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework.exceptions import APIException, NotAuthenticated, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from apps.core.errors import DomainError

TYPE = "application/problem+json"


def problem(status: int, title: str, detail: str = "", **extra: Any) -> Response:
    """Return a problem document."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **extra}
    return Response(body, status=status, content_type=TYPE)


def problem_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Translate domain errors and REST framework errors; leave the rest to the server error page."""
    if isinstance(exception, DomainError):
        more: dict[str, Any] = {"remedy": exception.remedy} if exception.remedy else {}
        if exception.fields:
            more["errors"] = {name: [why] for name, why in exception.fields.items()}
        return problem(exception.status, exception.title, exception.reason, **more)
    if isinstance(exception, Http404):
        return problem(404, "Not found", "There is no such thing, or you may not see it.")
    if isinstance(exception, PermissionDenied):
        return problem(403, "Not allowed", str(exception))
    answered = exception_handler(exception, context)
    if answered is None or not isinstance(exception, APIException):
        return answered
    detail = exception.detail
    if isinstance(exception, ValidationError):
        made = problem(400, "Not valid", "See errors.", errors=detail)
    else:
        made = problem(exception.status_code, str(exception.default_detail).rstrip("."), str(detail))
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in answered:
            made[name] = answered[name]
    if isinstance(exception, NotAuthenticated):
        made["WWW-Authenticate"] = 'Bearer realm="api"'
    return made
