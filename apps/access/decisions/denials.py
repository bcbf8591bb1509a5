"""Requestable denials: what a client needs to ask for the access it was denied, bound to exactly that denial.

Access Request and Approval profile of AuthZEN (working-group draft 1). The binding is signed, so nothing is stored for
a denial, and it is only an input to a request: a decision is always made afresh.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing

from apps.access.decisions.questions import Question

SALT = "access.denial"
LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Denied:
    """What was denied to whom."""

    evaluation_id: str
    subject_id: str
    asset_id: str
    operation: str


class Unbound(Exception):
    """The binding is not ours, or not for this."""


class Expired(Exception):
    """The binding is too old."""


def bound(question: Question, subject_id: str, asset_id: str, now: datetime) -> dict[str, Any]:
    """Return the context of a denial that may be asked to become a yes."""
    evaluation = str(uuid.uuid4())
    expires_at = now + LASTS
    token = signing.dumps(
        [evaluation, subject_id, asset_id, question.action.name, int(expires_at.timestamp())], salt=SALT
    )
    return {
        "evaluation_id": evaluation,
        "access_request": {
            "template": "access",
            "binding_token": token,
            "expires_at": expires_at.isoformat(),
        },
    }


def unbind(token: str, now: datetime) -> Denied:
    """Return what a binding token is for. Raises Unbound, Expired."""
    try:
        evaluation, subject, asset, operation, expires = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Unbound from None
    if now.timestamp() >= expires:
        raise Expired
    return Denied(evaluation, subject, asset, operation)
