"""What another set of policies would have answered to the requests of the last 90 days.

Each request is asked again, by both sets, with what is known of its person and asset today and with the request's own
duration and time. Requests that were refused before they existed cannot be replayed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from apps.access.models import AccessRequest
from apps.access.policies.assets import resources_of
from apps.access.policies.deciding import evaluate_many
from apps.access.policies.principals import principals_of
from apps.access.policies.questions import Ctx, PolicyAnswer, Question
from apps.access.policies.versions import InForce
from apps.accounts.models import User
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset

WINDOW = timedelta(days=90)
#: Requests of one evaluation; and the most that an effect lists by number.
_BATCH = 500
LISTED = 500


@dataclass(slots=True)
class Side:
    """One direction of change: how many requests, and the newest of them."""

    count: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)

    def add(self, request: AccessRequest, answer: PolicyAnswer) -> None:
        """Count a request, listing it while there is room."""
        self.count += 1
        if len(self.requests) < LISTED:
            self.requests.append(
                {
                    "number": request.number,
                    "operation": request.operation,
                    "asset": request.asset_label,
                    "policies": list(answer.policy_ids),
                    "why": list(answer.reasons),
                }
            )


@dataclass(slots=True)
class Effect:
    """How many requests were replayed, and which would be refused or allowed that are not so now."""

    since: datetime
    requests: int = 0
    newly_refused: Side = field(default_factory=Side)
    newly_allowed: Side = field(default_factory=Side)

    def as_dict(self) -> dict[str, Any]:
        """Return the effect as a change keeps it."""
        sides = {"newly_refused": self.newly_refused, "newly_allowed": self.newly_allowed}
        kept = {name: {"count": side.count, "requests": side.requests} for name, side in sides.items()}
        return {"since": self.since.isoformat(), "requests": self.requests, **kept}


def replayable(now: datetime) -> QuerySet[AccessRequest]:
    """Return the requests of the last 90 days, newest first."""
    return AccessRequest.objects.filter(created_at__gt=now - WINDOW, created_at__lte=now).order_by("-number")


def replay(*, before: InForce, after: InForce, now: datetime) -> Effect:
    """Return what `after` would have changed. Twelve queries, however many requests."""
    effect = Effect(since=now - WINDOW)
    # An operation that left the catalogue cannot be asked for any more; both sets refuse it.
    requests = [request for request in replayable(now) if request.operation in OPERATIONS]
    effect.requests = len(requests)
    for batch, questions in _questions(requests, now):
        was = evaluate_many(questions, version=before)
        would = evaluate_many(questions, version=after)
        for request, old, new in zip(batch, was, would, strict=True):
            if old.allowed and not new.allowed:
                effect.newly_refused.add(request, new)
            elif new.allowed and not old.allowed:
                effect.newly_allowed.add(request, new)
    return effect


def _questions(requests: list[AccessRequest], now: datetime) -> Iterator[tuple[list[AccessRequest], list[Question]]]:
    people = principals_of(User.objects.filter(pk__in={request.beneficiary_id for request in requests}), now)
    assets = resources_of(Asset.objects.filter(pk__in={request.asset_id for request in requests}))
    for start in range(0, len(requests), _BATCH):
        batch = requests[start : start + _BATCH]
        yield (
            batch,
            [
                Question(
                    people[request.beneficiary_id],
                    request.operation,
                    assets[request.asset_id],
                    Ctx(request.minutes, request.origin),
                    request.created_at,
                )
                for request in batch
            ],
        )
