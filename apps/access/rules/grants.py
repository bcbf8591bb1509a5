"""Who may give back, revoke, and confirm work by hand."""

from collections.abc import Mapping
from uuid import UUID

from apps.access.models import Grant, ManualTask
from apps.access.queries.grants import approvers_of, concerned_by
from apps.access.queries.people import Who, is_among
from apps.access.states import LIVE_GRANTS
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role, Strength
from apps.core.decision import ALLOWED, Decision, refused


def can_release(actor: Actor, grant: Grant) -> Decision:
    """The holder, at any strength, by token one that may ask for access: giving back only takes away."""
    if grant.state not in LIVE_GRANTS:
        return refused("This grant has ended or is ending.")
    if actor.user_id is None or actor.user_id != grant.holder_id:
        return refused("Only its holder gives access back; others revoke it.")
    if actor.strength is Strength.TOKEN and "request" not in (actor.scopes or ()):
        return refused("This token may not ask for access, so it gives none back.")
    return ALLOWED


def can_revoke(actor: Actor, grant: Grant) -> Decision:
    """Those who approved it, the asset's owner, security administrators, the CISO, and the system."""
    if grant.state not in LIVE_GRANTS:
        return refused("This grant has ended or is ending.")
    if actor.kind == "system":
        return ALLOWED
    if not _may_take_away(actor, grant):
        return refused("Access is revoked by who approved it, the asset's owner, a security administrator or the CISO.")
    return requires_second_factor(actor)


def _may_take_away(actor: Actor, grant: Grant) -> bool:
    if actor.has(Role.SECURITY_ADMIN, Role.CISO):
        return True
    if actor.user_id is None:
        return False
    owner = grant.asset.owner
    if owner is not None and owner.user_id == actor.user_id:
        return True
    return actor.user_id in approvers_of(grant.request_id)


def can_confirm_task(actor: Actor, task: ManualTask, known: Mapping[UUID, Who] | None = None) -> Decision:
    """Security administrators, the asset's owner and the manager of its team; never the holder or the requester.

    `known` is who stands behind the actor and those concerned, where a page has asked for many tasks at once.
    """
    request = task.grant.request if task.grant else task.held.request if task.held else None
    asset = task.grant.asset if task.grant else request.asset if request else None
    if task.done_at is not None or task.superseded_at is not None:
        return refused("This task is done or no longer needed.")
    if actor.user_id is None or is_among(actor.user_id, concerned_by(task), known):
        return refused("Somebody other than the holder and the requester confirms this.")
    owner = asset.owner if asset else None
    mine = owner is not None and owner.user_id == actor.user_id
    managed = actor.has(Role.MANAGER) and asset is not None and asset.team_id in actor.managed_team_ids
    if not (actor.has(Role.SECURITY_ADMIN) or mine or managed):
        return refused("This is confirmed by a security administrator, the asset's owner or its team's manager.")
    return requires_second_factor(actor)
