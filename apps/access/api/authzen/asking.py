"""The access-request profile of AuthZEN (draft 1): a denial becomes a request, a request a fresh decision."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.authzen.base import AuthzenView, absolute
from apps.access.api.authzen.parse import MAX_EVALUATIONS, Malformed, items_of, question_of
from apps.access.decisions.denials import Denied, Expired, Unbound, unbind
from apps.access.models import AccessRequest, Bundle
from apps.access.queries.bundles import own_bundle, requests_of, subject_and_asset
from apps.access.services.tasks import Wanted, submit_together, withdraw_together
from apps.access.states import OPEN_REQUESTS, GrantState
from apps.core import clock
from apps.core.api.problems import TYPE
from apps.core.errors import Conflict, DomainError

ERROR = "urn:openid:authzen:access-request:error:"
USUAL_MINUTES = 60
LONGEST_KEY = 200


class Refusal(Exception):
    """An error of the profile, with its status."""

    def __init__(self, error: str, status: int, detail: str) -> None:
        super().__init__(detail)
        self.error, self.status, self.detail = error, status, detail


class AskingView(AuthzenView):
    """An endpoint for asking: a token with the scope `request`; errors are problem documents of the profile."""

    required_scope = "request"

    def handle_exception(self, exc: Exception) -> Response:
        """Translate into the profile's errors; who may not call at all is told as everywhere."""
        if isinstance(exc, Malformed):
            exc = Refusal("not_requestable", 400, str(exc))
        elif isinstance(exc, Conflict):
            exc = Refusal("duplicate_request", 409, exc.reason)
        elif isinstance(exc, DomainError):
            exc = Refusal("not_requestable", 400, exc.reason)
        if not isinstance(exc, Refusal):
            return super().handle_exception(exc)
        title = exc.error.replace("_", " ").capitalize()
        told = {"type": f"{ERROR}{exc.error}", "title": title, "status": exc.status, "detail": exc.detail}
        return Response(told, status=exc.status, content_type=TYPE)


class Requests(AskingView):
    """Ask for what was denied."""

    def post(self, request: Request) -> Response:
        """Answer 202 with the task while it waits, 201 when it is decided already."""
        body, now = self.body(request), clock.now()
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > LONGEST_KEY:
            raise Malformed(f"Idempotency-Key has at most {LONGEST_KEY} characters.")
        wanted = [_wanted(item, now) for item in _items(body)]
        made = submit_together(actor=self.caller, wanted=wanted, reason=_reason(body), key=key, now=now)
        told = task(made.value)
        return Response(told, status=202 if told["task"]["status"] == "pending" else 201)


class Task(AskingView):
    """What became of it: the truth, whatever a callback said."""

    def get(self, request: Request, pk: str) -> Response:
        """Answer the task of one's own."""
        return Response(task(_own(self.caller.user_id, pk)))


class Cancel(AskingView):
    """Take it back."""

    def post(self, request: Request, pk: str) -> Response:
        """Answer the cancelled task; 409 when it is decided."""
        bundle = _own(self.caller.user_id, pk)
        try:
            withdraw_together(actor=self.caller, bundle=bundle)
        except Conflict as conflict:
            raise Refusal("invalid_task_state", 409, conflict.reason) from None
        return Response(task(bundle))


def _own(user_id: Any, pk: str) -> Bundle:
    bundle = own_bundle(user_id, pk)
    if bundle is None:
        raise Refusal("unknown_task", 404, "There is no such task of yours.")
    return bundle


def _items(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return one body for each thing that is asked for, defaults filled in."""
    listed = body.get("items")
    if listed is None:
        return [body]
    if not isinstance(listed, list) or not listed or len(listed) > MAX_EVALUATIONS:
        raise Malformed(f"items must be an array of 1 to {MAX_EVALUATIONS}.")
    own = [item if isinstance(item, dict) else {} for item in listed]
    filled = items_of({**body, "evaluations": own}) or []
    shared = {name: body.get(name) for name in ("denial", "requested_access")}
    return [
        {**shared, **whole, **{name: item[name] for name in shared if name in item}}
        for whole, item in zip(filled, own, strict=True)
    ]


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise Malformed(f"{name} must be an object.")
    return value


def _wanted(body: Mapping[str, Any], now: datetime) -> Wanted:
    question = question_of(body)
    denied = _denied(_object(body, "denial"), now)
    user, asset = subject_and_asset(denied.subject_id, denied.asset_id)
    named = {denied.subject_id, user.email} if user else set()
    placed = {denied.asset_id, f"{asset.kind}/{asset.slug}"} if asset else set()
    same = question.subject.id in named and question.resource.id in placed
    if user is None or asset is None or not same or question.action.name != denied.operation:
        raise Refusal("invalid_denial_binding", 400, "The denial is about something else than what is asked for.")
    return Wanted(user, asset, denied.operation, _minutes(_object(body, "requested_access"), now))


def _denied(denial: Mapping[str, Any], now: datetime) -> Denied:
    token = denial.get("binding_token")
    if not isinstance(token, str):
        raise Refusal("invalid_denial_binding", 400, "denial.binding_token is missing.")
    try:
        return unbind(token, now)
    except Unbound:
        raise Refusal("invalid_denial_binding", 400, "denial.binding_token is not from here.") from None
    except Expired:
        raise Refusal("expired_denial", 410, "The denial is too old; ask for a fresh decision.") from None


def _minutes(wanted: Mapping[str, Any], now: datetime) -> int:
    if wanted.get("emergency"):
        raise Refusal("not_requestable", 400, "Emergency access is taken in the portal, with a passkey.")
    until = wanted.get("requested_until")
    if until is None:
        return USUAL_MINUTES
    try:
        moment = parse_datetime(until) if isinstance(until, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment <= now:
        raise Malformed("requested_access.requested_until must be an instant to come, with its offset.")
    return max(1, int((moment - now).total_seconds()) // 60)


def _reason(body: Mapping[str, Any]) -> str:
    context, client = _object(body, "context"), _object(body, "client")
    for given in (context.get("justification"), context.get("reason"), _object(body, "denial").get("reason")):
        if isinstance(given, str) and given.strip():
            return given.strip()[:2000]
    return f"Asked for by {str(client.get('name') or client.get('id') or 'a program')[:200]} after a denial"


def task(bundle: Bundle) -> dict[str, Any]:
    """Return a task as the profile writes it. One query."""
    rows = requests_of(bundle)
    states = {_status(row) for row in rows}
    status = "pending" if "pending" in states else states.pop() if len(states) == 1 else "partial"
    address = absolute("authzen:task", pk=bundle.pk)
    told: dict[str, Any] = {"id": str(bundle.pk), "status": status, "status_endpoint": address, "links": {}}
    if status == "pending":
        told["links"]["cancel"] = absolute("authzen:cancel", pk=bundle.pk)
        told["expires_at"] = max(row.expires_at for row in rows).isoformat()
    if len(rows) > 1:
        told["items"] = [{"id": row.name, "status": _status(row), **_approval(row)} for row in rows]
    result = {"mode": "reevaluate", **_approval(rows[0])} if status == "approved" and len(rows) == 1 else None
    return {"task": told, "result": result} if result else {"task": told}


def _status(row: AccessRequest) -> str:
    return "pending" if row.state in OPEN_REQUESTS else str(row.state)


def _approval(row: AccessRequest) -> dict[str, Any]:
    grant = getattr(row, "grant", None)
    if grant is None:
        return {}
    approval = {"id": row.name, "state": "active" if grant.state == GrantState.ACTIVE else str(grant.state)}
    if row.decided_at:
        approval["approved_at"] = row.decided_at.isoformat()
    if grant.expires_at:
        approval["approved_until"] = grant.expires_at.isoformat()
    return {"approval": approval}
