"""Reads about grants: who approved them, what is overdue, what people do by hand."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from apps.access.models import Grant, ManualTask, Vote
from apps.access.states import Choice, GrantState
from apps.accounts.queries import role_holders
from apps.core.actor import Actor, Role
from apps.core.errors import NotFound
from apps.governance.queries.people import is_among, who_are

#: How long the target may show access that ought to be gone before it is told.
OVERDUE = timedelta(seconds=60)


def approvers_of(request_id: int | None) -> frozenset[UUID]:
    """Return the users whose latest vote on the request approves. One query."""
    if request_id is None:
        return frozenset()
    latest: dict[UUID, str] = {}
    for voter, choice in Vote.objects.filter(request_id=request_id).order_by("pk").values_list("voter_id", "choice"):
        latest[voter] = choice
    return frozenset(voter for voter, choice in latest.items() if choice == Choice.APPROVE)


def overdue(now: datetime) -> QuerySet[Grant]:
    """Return the grants that have been ending for more than a minute without having been seen gone."""
    return Grant.objects.filter(state=GrantState.ENDING, ending_at__lt=now - OVERDUE)


def open_tasks(actor: Actor) -> QuerySet[ManualTask]:
    """Return the tasks by hand the actor may see and nobody has confirmed, most urgent first. One query."""
    rows = ManualTask.objects.visible_to(actor).open()
    return rows.select_related("grant__holder", "grant__asset__owner", "grant__request", "held__request__asset__owner")


def concerned_by(task: ManualTask) -> frozenset[UUID]:
    """Return the holder, requester and beneficiary of the access or the operation. No query for a task read here."""
    request = task.grant.request if task.grant else task.held.request if task.held else None
    asked = {request.requester_id, request.beneficiary_id} if request else set()
    return frozenset(asked | ({task.grant.holder_id} if task.grant else set()))


def find_task(actor: Actor, pk: int) -> ManualTask:
    """Return a task by hand. Raises NotFound, also for one the actor may not see."""
    rows = ManualTask.objects.visible_to(actor).filter(pk=pk)
    found = rows.select_related("grant__holder", "grant__asset__owner", "grant__request", "held__request__asset__owner")
    task = found.first()
    if task is None:
        raise NotFound("There is no such task, or you may not see it.")
    return task


def confirmers_of(task: ManualTask) -> list[UUID]:
    """Return the users who may confirm a task by hand: `rules.grants.can_confirm_task` as a query. At most 12 queries.

    Security administrators, the asset's owner and the managers of its team, without the holder, the requester, and
    other accounts of theirs.
    """
    asset = task.grant.asset if task.grant else task.held.request.asset if task.held else None
    found = set(role_holders(Role.SECURITY_ADMIN).values_list("pk", flat=True))
    if asset is not None and asset.owner is not None and asset.owner.user_id is not None:
        found.add(asset.owner.user_id)
    if asset is not None and asset.team_id is not None:
        led = role_holders(Role.MANAGER).filter(memberships__team_id=asset.team_id, memberships__manages=True)
        found |= set(led.values_list("pk", flat=True))
    concerned = concerned_by(task)
    known = who_are(found | concerned)
    return sorted((pk for pk in found if not is_among(pk, concerned, known)), key=str)


def open_task_count(actor: Actor) -> int:
    """Return how many tasks by hand the actor sees open. One query."""
    return ManualTask.objects.visible_to(actor).open().count()
