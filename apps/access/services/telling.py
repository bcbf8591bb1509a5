"""What people are told about grants: each fact once, in the transaction of what it tells of; links open pages."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from apps.access.models import Grant, ManualTask
from apps.access.services.receipts import subject_of
from apps.accounts.queries import role_holders
from apps.core.actor import Actor, Role
from apps.core.events import Subject
from apps.core.notices import Fact, NoticeKind, Templates
from apps.governance.operations import verb_of
from apps.notices.services import owe

KINDS = (
    NoticeKind(
        "access.grant.active",
        "Your access is ready",
        Templates("Access to {asset} until {until}", ("{operation}",), "Open my access"),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.grant.ends_soon",
        "Your access ends soon",
        Templates("Access to {asset} ends at {until}", ("{operation}",), "Open my access"),
    ),
    NoticeKind(
        "access.grant.over",
        "Your access ended or was suspended",
        Templates("Access to {asset}: {what}", ("{operation}", "{why}"), "Open my access"),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.grant.overdue",
        "Access is not seen gone",
        Templates("Not seen gone: access of {holder} to {asset}", ("Since {since}", "{problem}"), "Open the grant"),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.emergency.used",
        "Emergency access was used",
        Templates(
            "Emergency access: {holder} to {asset}",
            ("{operation} until {until}", "Reason: {reason}", "Review due {due}", "{drill}"),
            "Open the grant",
        ),
        may_opt_out=False,
    ),
    NoticeKind(
        "access.task.put",
        "Access to give or take by hand",
        Templates("By hand, due {due}: {asset}", ("{what}",), "Open the tasks"),
    ),
)


def tell(kind: str, *, actor: Actor, grant: Grant, to: Iterable[UUID], once: str, now: datetime, **facts: Fact) -> None:
    """Owe a fact about a grant to people; `once` names it within the grant."""
    common: dict[str, Fact] = {
        "asset": grant.asset_label,
        "operation": verb_of(grant.operation),
        "holder": grant.holder.name,
    }
    owe(
        actor=actor,
        kind=kind,
        to_user_ids=list(to),
        subject=subject_of(grant),
        facts=common | facts,
        url=f"/access/G-{grant.pk}",
        once_key=f"grant:{grant.pk}:{once}",
        now=now,
    )


def tell_task(task: ManualTask, *, actor: Actor, to: Iterable[UUID], now: datetime) -> None:
    """Owe to people that a task by hand is put to them; each task is told once."""
    about = task.grant if task.grant is not None else task.held.request if task.held is not None else None
    owe(
        actor=actor,
        kind="access.task.put",
        to_user_ids=list(to),
        subject=Subject("manual_task", str(task.pk)),
        facts={"asset": about.asset_label if about else "", "due": task.due_at, "what": task.instructions},
        url="/approvals/tasks",
        once_key=f"task:{task.pk}",
        now=now,
    )


def admins() -> list[UUID]:
    """Return the security administrators."""
    return list(role_holders(Role.SECURITY_ADMIN).values_list("pk", flat=True))


def officers() -> list[UUID]:
    """Return those who hold the role of CISO."""
    return list(role_holders(Role.CISO).values_list("pk", flat=True))
