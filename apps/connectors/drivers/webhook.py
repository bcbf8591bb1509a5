"""Any system that takes signed messages over HTTPS (Standard Webhooks 1.0.0, https://www.standardwebhooks.com)."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from apps.connectors.drivers import fields
from apps.connectors.drivers.base import Driver, Probe, Settings, TestResult
from apps.connectors.vault import Secret
from apps.core.outbound import parse_url

LEAST_SECRET = 24


def signing_secret(text: str) -> str:
    """A signing secret long enough that nobody guesses it."""
    text = fields.password(text)
    if len(text) < LEAST_SECRET:
        raise ValueError(f"At least {LEAST_SECRET} characters.")
    return text


def address(settings: Settings) -> str:
    """Scheme, host and port of the receiver."""
    return parse_url(settings["url"]).origin


def signed(secret: Secret, key: str, now: datetime, body: Mapping[str, object]) -> tuple[bytes, dict[str, str]]:
    """Return the bytes of a message and its headers: id (also the idempotency key), time and HMAC-SHA256 signature."""
    content = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
    stamp = str(int(now.timestamp()))
    raw = hmac.new(secret["signing_secret"].encode(), f"{key}.{stamp}.".encode() + content, sha256).digest()
    return content, {
        "content-type": "application/json",
        "idempotency-key": key,
        "webhook-id": key,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(raw).decode(),
    }


def test(probe: Probe) -> TestResult:
    """Send a signed ping; any 2xx answer will do."""
    stamp = int(probe.now.timestamp())
    content, headers = signed(probe.secret, f"ping-{stamp}", probe.now, {"type": "ping"})
    with probe.http() as client:
        answer = client.post("", content=content, headers=headers)
    if answer.is_success:
        return TestResult(True, f"The receiver took a signed ping (status {answer.status_code}).")
    if answer.status_code in (401, 403):
        return TestResult(False, f"The receiver refused the signature (status {answer.status_code}).")
    return TestResult(False, f"The receiver answered with status {answer.status_code}.")


DRIVER = Driver(
    name="webhook",
    title="Webhook",
    summary="A system of yours receives signed messages and answers what it did.",
    fields=(
        fields.Field("url", "Address", fields.url, help="For example https://access.example.org/ztportal", kind="url"),
        fields.CA,
    ),
    secret_fields=(
        fields.Field(
            "signing_secret",
            "Signing secret",
            signing_secret,
            kind="password",
            help=f"At least {LEAST_SECRET} characters. The receiver checks the signature with it.",
        ),
    ),  # fmt: skip
    permissions=("None at the target: the receiver checks the signature and decides what it does.",),
    native_expiry=False,
    address=address,
    test=test,
)
