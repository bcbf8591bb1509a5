"""Systems of one's own: signed messages say what is to be done, and a status address says what is so.

Messages are Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): `webhook-id` is the idempotency key,
`webhook-signature` an HMAC-SHA256 over id, time and body, in which the time is. `access.grant`, `access.revoke` and
`operation.run` go to the connection's address and are answered with any 2xx; `access.status` and `operation.status` go
to `status` under it and are answered with what the target shows *now*. Only that answer counts: what says "done" to an
order is not believed. An answer must repeat the question's `nonce`, account and resource, so that one that was cached,
mixed up or made up from a template is no observation.
"""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

import httpx

from apps.access.models import Binding
from apps.access.provisioning.contract import CALL_SECONDS, Found, Order, Report, Work
from apps.access.states import Presence
from apps.connectors.models import Connection
from apps.connectors.services import http_client, record_failure, record_success, signed_message
from apps.core import clock
from apps.core.outbound import Limits, OutboundError, OutboundUnavailable

STATUS = "status"
LIMITS = Limits(connect=3.0, total=CALL_SECONDS, body=200_000)
#: What a level may be called at a target; several are joined with a comma.
LEVEL = re.compile(r"[\w .:/@-]{1,100}")
#: Answers that say nothing about the order itself: it is tried again.
PASSING = frozenset({408, 409, 423, 425, 429})
ASK_AGAIN = 5.0


class WebhookProvisioner:
    """A target that takes signed messages. It tells the truth at its status address, or it is not believed."""

    key = "webhook"
    title = "Signed webhook"
    native_expiry = False
    executes = True
    levels: tuple[str, ...] = ()

    def grant(self, work: Work) -> Report:
        """Send the order to give access; the target is told until when."""
        return self._order(work.connection, work.key, {"type": "access.grant", **_body(work)})

    def revoke(self, work: Work) -> Report:
        """Send the order to take access away, with what has to stay."""
        return self._order(work.connection, work.key, {"type": "access.revoke", **_body(work)})

    def observe(self, work: Work) -> Report:
        """Ask which levels the account has there now, and which sessions."""
        answer = self._ask(work.connection, {"type": "access.status", **_body(work)}, ("account", "resource"))
        if isinstance(answer, Report):
            return answer
        levels, sessions = _levels(answer.get("levels")), answer.get("sessions", 0)
        if levels is None or not isinstance(sessions, int) or isinstance(sessions, bool) or sessions < 0:
            return _unknown("The target's answer is no list of levels.")
        shown = levels
        standing = {level for level in (work.baseline or "").split(",") if level} | set(work.keep)
        if work.wanted == Presence.PRESENT:
            present = work.level in shown
        else:
            present = bool(shown - standing) or (sessions > 0 and not standing)
        seen = Presence.PRESENT if present else Presence.ABSENT
        evidence = {"levels": sorted(shown), "sessions": sessions}
        return Report(True, seen, ",".join(sorted(shown)), evidence)

    def scan(self, binding: Binding) -> list[Found]:
        """Return what the target lists as given by this portal."""
        answer = self._ask(binding.connection, {"type": "access.list"}, ())
        rows = [] if isinstance(answer, Report) else answer.get("access", [])
        if isinstance(answer, Report) or not isinstance(rows, list):
            raise ValueError("The target did not list its access.")
        return [_found(row) for row in rows[:10_000] if isinstance(row, dict)]

    def execute(self, order: Order) -> Report:
        """Send the operation to run, exactly as approved, then ask what came of it."""
        sent = self._order(order.connection, order.key, {"type": "operation.run", **_operation(order)})
        return self.executed(order) if sent.worked else sent

    def executed(self, order: Order) -> Report:
        """Ask what came of the operation; a target that ran something else has not run it."""
        answer = self._ask(order.connection, {"type": "operation.status", **_operation(order)}, ("operation_id",))
        if isinstance(answer, Report):
            return answer
        state, digest = answer.get("state"), answer.get("payload_digest")
        if state == "done" and digest == order.payload_digest:
            return Report(True, Presence.PRESENT, evidence={"state": state, "payload_digest": digest})
        if state == "not_begun":
            return Report(True, Presence.ABSENT, evidence={"state": state})
        if state == "running":
            return Report(True, Presence.UNKNOWN, evidence={"state": state}, retry_after=ASK_AGAIN)
        if state == "refused":
            return Report(False, evidence={"problem": "The target refused the operation.", "refused": True})
        return _unknown("The target does not say what came of the operation.")

    def _order(self, connection: Connection | None, key: str, body: Mapping[str, Any]) -> Report:
        answer = _send(connection, "", key, body)
        if isinstance(answer, Report):
            return answer
        status = answer.status_code
        if answer.is_success:
            wait = _retry_after(answer) or (ASK_AGAIN if status == httpx.codes.ACCEPTED else None)
            return Report(True, evidence={"status": status}, retry_after=wait)
        refused = 400 <= status < 500 and status not in PASSING
        problem = f"The target answered with status {status}."
        return Report(
            False, evidence={"status": status, "problem": problem, "refused": refused}, retry_after=_retry_after(answer)
        )

    def _ask(
        self, connection: Connection | None, body: Mapping[str, Any], echoed: tuple[str, ...]
    ) -> dict[str, Any] | Report:
        nonce = secrets.token_hex(16)
        answer = _send(connection, STATUS, f"look:{nonce}", {**body, "nonce": nonce})
        if isinstance(answer, Report):
            return answer
        if not answer.is_success:
            return _unknown(f"The target answered with status {answer.status_code}.", _retry_after(answer))
        try:
            told = json.loads(answer.content)
        except (ValueError, RecursionError):
            return _unknown("The target's answer is no JSON.")
        if not isinstance(told, dict) or told.get("nonce") != nonce or any(told.get(n) != body[n] for n in echoed):
            return _unknown("The target's answer is not to this question.")
        return told


def _send(connection: Connection | None, path: str, key: str, body: Mapping[str, Any]) -> httpx.Response | Report:
    """Send one signed message; tell the connection how it went. What was not sent is no failure of the target."""
    if connection is None:
        return _unknown("This binding has no connection.")
    try:
        content, headers = signed_message(connection, key, clock.now(), body)
        with http_client(connection, limits=LIMITS) as client:
            answer = client.post(path, content=content, headers=headers)
    except OutboundUnavailable as problem:
        return _unknown(str(problem))
    except OutboundError as problem:
        record_failure(connection.pk, str(problem))
        return _unknown(str(problem))
    if answer.status_code >= 500:
        record_failure(connection.pk, f"The target answered with status {answer.status_code}.")
    else:
        record_success(connection.pk)
    return answer


def _body(work: Work) -> dict[str, Any]:
    return {
        "grant": f"G-{work.grant}",
        "generation": work.generation,
        "account": work.account,
        "resource": work.resource,
        "operation": work.operation,
        "level": work.level,
        "keep": sorted({level for level in (work.baseline or "").split(",") if level} | set(work.keep)),
        "expires_at": work.expires_at.isoformat() if work.expires_at else None,
    }


def _operation(order: Order) -> dict[str, Any]:
    return {
        "operation_id": order.key,
        "operation": order.operation,
        "resource": order.resource,
        "payload": dict(order.payload),
        "payload_digest": order.payload_digest,
        "artifact_digest": order.artifact_digest,
    }


def _levels(told: object) -> set[str] | None:
    if not isinstance(told, list) or len(told) > 100:
        return None
    found = {level for level in told if isinstance(level, str) and LEVEL.fullmatch(level)}
    return found if len(found) == len(told) else None


def _found(row: Mapping[str, Any]) -> Found:
    number = str(row.get("grant") or "").removeprefix("G-")
    return Found(
        account=str(row.get("account", ""))[:320],
        resource=str(row.get("resource", ""))[:700],
        level=str(row.get("level", ""))[:100],
        grant=int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None,
    )


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _unknown(problem: str, retry_after: float | None = None) -> Report:
    return Report(False, Presence.UNKNOWN, evidence={"problem": problem}, retry_after=retry_after)
