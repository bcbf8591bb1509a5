"""Webhook: one JSON document, signed, with an idempotency key, through the client that cannot be turned inward.

Signature: `Ztportal-Signature: t=<unix seconds>,v1=<hex>`, where v1 is HMAC-SHA256 of `<t>.<body>` under the channel's
secret (RFC 2104). The receiver recomputes it, refuses an old `t`, and takes each `Idempotency-Key` once.
"""

import hashlib
import hmac
import json
from datetime import datetime

from apps.core.outbound import Client, Limits, OutboundError, OutboundRefused
from apps.notices.models import Delivery
from apps.notices.services.media import NotSent, seconds_asked, words_of

LIMITS = Limits(connect=5.0, total=20.0, body=100_000)


def document(delivery: Delivery) -> bytes:
    """Return the body: the same bytes at every try."""
    words = words_of(delivery)
    content = {
        "id": str(delivery.pk),
        "kind": delivery.kind,
        "title": words.title,
        "lines": list(words.lines),
        "link": words.link,
        "subject": {"kind": delivery.subject_kind, "id": delivery.subject_id},
        "created_at": delivery.created_at.isoformat(),
    }
    return json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")


def signature(secret: str, at: datetime, body: bytes) -> str:
    """Return the value of the signature header."""
    seconds = int(at.timestamp())
    mac = hmac.new(secret.encode("utf-8"), f"{seconds}.".encode("ascii") + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"


def send(delivery: Delivery, address: str, secret: str, now: datetime) -> None:
    """Post one message. Raises NotSent; only a 2xx answer counts as received."""
    body = document(delivery)
    headers = {
        "content-type": "application/json",
        "idempotency-key": str(delivery.pk),
        "ztportal-signature": signature(secret, now, body),
    }
    try:
        with Client(address, limits=LIMITS) as client:
            answer = client.post("", content=body, headers=headers)
    except OutboundRefused as problem:
        raise NotSent(problem.reason, final=True) from None
    except OutboundError as problem:
        raise NotSent(problem.reason) from None
    if not 200 <= answer.status_code < 300:
        raise NotSent(
            f"The webhook answered {answer.status_code}.",
            retry_after=seconds_asked(answer.headers.get("retry-after"), now),
            final=answer.status_code == 410,
        )
