"""Forgetting the access of the sample organisation: the one way in which requests, grants and their evidence go."""

from datetime import datetime

from django.db.models import Q, QuerySet

from apps.access.events import SAMPLE_FORGOTTEN
from apps.access.models import (
    AccessRequest,
    AfterReview,
    Asked,
    BreakGlass,
    Bundle,
    Delegation,
    EmergencyPermit,
    Forgotten,
    Grant,
    GrantPassword,
    HeldOperation,
    ManualTask,
    Receipt,
    RequestMessage,
    Vote,
)
from apps.access.models.forgotten import ForgottenKind
from apps.access.provisioning.registry import PORTAL
from apps.access.states import GrantState
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.errors import Conflict
from apps.core.events import Subject


@command(SAMPLE_FORGOTTEN)
def forget_sample(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Delete every request for, and every grant of, a sample user, with votes, messages, receipts and permits.

    What other users asked for or hold stays, whoever decided it; the audit log keeps all of it. Only the system may,
    within a larger command. Raises Conflict while a sample user may still have access at another target.
    """
    if actor.kind != "system":
        refused("Access of the sample is forgotten by the portal itself.").require()
    requests = AccessRequest.objects.filter(beneficiary__is_sample=True)
    grants = Grant.objects.filter(holder__is_sample=True)
    _require_seen_gone(grants)
    counts = {"requests": requests.count(), "grants": grants.count()}
    _forget_permits()
    if not sum(counts.values()):
        return Unchanged(value=counts)
    asked, held = _named(requests, ForgottenKind.REQUEST, now), _named(grants, ForgottenKind.GRANT, now)
    _delete_below(asked, held)
    Grant.objects.filter(pk__in=held).delete()
    AccessRequest.objects.filter(pk__in=asked).delete()
    Bundle.objects.filter(requester__is_sample=True, requests__isnull=True).delete()
    return Changed(Subject("sample", "access", "Access of the sample"), dict(counts), value=counts)


def _require_seen_gone(grants: QuerySet[Grant]) -> None:
    elsewhere = grants.exclude(binding__provisioner=PORTAL).exclude(state=GrantState.ENDED)
    given = elsewhere.exclude(state=GrantState.SCHEDULED).order_by("pk").first()
    if given is not None:
        raise Conflict(f"{given.name} of a sample person is not seen gone at its target; end it first.")


def _named(rows: QuerySet[AccessRequest] | QuerySet[Grant], kind: ForgottenKind, now: datetime) -> list[int]:
    """Name the numbers to the triggers that guard evidence, and return them."""
    numbers = list(rows.order_by("pk").values_list("pk", flat=True))
    Forgotten.objects.bulk_create([Forgotten(kind=kind, number=number, at=now) for number in numbers], batch_size=500)
    return numbers


def _delete_below(requests: list[int], grants: list[int]) -> None:
    """Delete what stands on the rows; requests and grants name each other, so one side lets go first."""
    of_requests, of_grants = {"request_id__in": requests}, {"grant_id__in": grants}
    AfterReview.objects.filter(break_glass__grant_id__in=grants).delete()
    ManualTask.objects.filter(Q(**of_grants) | Q(held__request_id__in=requests)).delete()
    for of_grant in (BreakGlass, GrantPassword, Receipt):
        of_grant.objects.filter(**of_grants).delete()
    for of_request in (HeldOperation, Vote, RequestMessage, Asked):
        of_request.objects.filter(**of_requests).delete()
    AccessRequest.objects.filter(pk__in=requests).update(extends=None, counter_to=None)


def _forget_permits() -> None:
    EmergencyPermit.objects.filter(user__is_sample=True).delete()
    Delegation.objects.filter(delegator__is_sample=True, delegate__is_sample=True).delete()
