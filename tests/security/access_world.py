"""What each side asks for, holds, has reviewed and done by hand; every text carries the side's marker."""

from datetime import timedelta
from typing import Any

from apps.access.models import (
    AccessRequest,
    AfterReview,
    Asked,
    Binding,
    BreakGlass,
    EmergencyPermit,
    Grant,
    ManualTask,
    Orphan,
    RequestMessage,
)
from apps.access.states import GrantState, Presence, RequestState, TaskKind
from apps.core import clock
from tests.cast import Cast

KINDS = ("request", "grant", "manual_task", "after_review", "permit")


def make_access(cast: Cast, side: dict[str, Any], marker: str, approver: str) -> dict[str, int]:
    """Make one of each for the side's holder and return their numbers by kind."""
    now, holder, asset = clock.now(), side["holder"], side["asset"]
    stage = {"rule": "manager", "need": 1, "answer_minutes": 30, "remind_minutes": 15, "escalate_to": ""}
    common: dict[str, Any] = {"asset": asset, "asset_label": f"{marker}-label", "tier": 2, "minutes": 60}
    request = AccessRequest.objects.create(
        requester=holder, beneficiary=holder, operation="weights.read", reason=f"{marker}-reason", stage=1,
        route=[stage], digest="0" * 64, state=RequestState.PENDING, created_at=now, stage_due_at=now,
        expires_at=now + timedelta(days=1), **common,
    )  # fmt: skip
    Asked.objects.create(request=request, stage=1, user=cast.users[approver], why="manager", since=now)
    RequestMessage.objects.create(request=request, author=holder, kind="answer", text=f"{marker}-text", at=now)
    binding, _ = Binding.objects.get_or_create(
        asset=None, asset_kind="", defaults={"provisioner": "portal", "created_at": now}
    )
    earlier = AccessRequest.objects.create(
        requester=holder, beneficiary=holder, operation="eval.run", reason=f"{marker}-earlier", digest="0" * 64,
        state=RequestState.APPROVED, created_at=now, decided_at=now, expires_at=now, **common,
    )  # fmt: skip
    begun = {"binding": binding, "holder": holder, "start_at": now, "activate_by": now, "created_at": now, **common}
    grant = Grant.objects.create(
        request=earlier, operation="eval.run", state=GrantState.ACTIVE, desired=Presence.PRESENT, activated_at=now,
        expires_at=now + timedelta(hours=1), **begun,
    )  # fmt: skip
    task = ManualTask.objects.create(
        grant=grant, kind=TaskKind.GIVE, instructions=f"{marker}-do", created_at=now, due_at=now
    )
    broken = Grant.objects.create(
        emergency=True, operation="eval.run", state=GrantState.ENDED, observed=Presence.ABSENT, **begun
    )
    used = BreakGlass.objects.create(grant=broken, user=holder, reason=f"{marker}-fire", at=now)
    review = AfterReview.objects.create(break_glass=used, holder=holder, due_at=now)
    permit = EmergencyPermit.objects.create(
        user=holder, proposed_by=cast.users["second_admin"], proposed_at=now, until_on=now.date() + timedelta(days=9)
    )
    made = (request, grant, task, review, permit)
    return dict(zip(KINDS, (row.pk for row in made), strict=True))


def make_binding() -> dict[str, int]:
    """Make a way to carry access, and access at its target that no grant explains, for those who see all."""
    now = clock.now()
    binding = Binding.objects.create(
        provisioner="manual", asset_kind="notebook", levels={"train.run": "runner"}, created_at=now
    )
    orphan = Orphan.objects.create(
        binding=binding, account="ztportal_g_9", resource="claims", level="reader", first_seen_at=now, last_seen_at=now
    )
    return {"binding": binding.pk, "orphan": orphan.pk}
