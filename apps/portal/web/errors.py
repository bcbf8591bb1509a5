"""Error pages that Django itself asks for; the API gets its own kind (RFC 9457), also where no address matched."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404; absent and hidden read the same."""
    return _page(request, 404, "Not found", "There is no such page, or you may not see it.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403."""
    return _page(request, 403, "Not allowed", "You may not do this.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without detail; the log has it under the request id."""
    return _page(request, 500, "Something failed", "It is in the log under the request id below. Nothing was changed.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 where a form came without its token: an old tab, blocked cookies, or another site."""
    remedy = (
        "The form was too old, or cookies are blocked. Go back, reload the page and send it again. Nothing was changed."
    )
    return _page(request, 403, "Not sent from a fresh page", remedy)


def _page(request: HttpRequest, status: int, title: str, reason: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "title": title, "status": status, "detail": reason}
        return JsonResponse(body, status=status, content_type="application/problem+json")
    return render(request, "errors/domain.html", {"title": title, "reason": reason, "status": status}, status=status)
