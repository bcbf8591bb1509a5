"""Who may run, cancel, tune, and work on findings."""

from apps.accounts.rules import must_have_factor, requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused
from apps.posture.models import Finding, Run
from apps.posture.states import OPEN_RUN_STATES, FindingState, RunState


def _with_factor(actor: Actor) -> Decision:
    return requires_second_factor(actor) if must_have_factor(actor) else ALLOWED


def _admin(actor: Actor, refusal: str) -> Decision:
    if actor.kind == "system":
        return ALLOWED
    if not actor.has(Role.SECURITY_ADMIN):
        return refused(refusal)
    return requires_second_factor(actor)


def can_run(actor: Actor) -> Decision:
    """Security admins and the system start runs."""
    return _admin(actor, "Only a security administrator starts runs.")


def can_cancel(actor: Actor, run: Run) -> Decision:
    """Security admins and the system, while the run has not begun to publish."""
    allowed = _admin(actor, "Only a security administrator cancels runs.")
    if not allowed:
        return allowed
    if run.state not in OPEN_RUN_STATES:
        return refused("This run has ended.")
    return refused("This run is publishing its results.") if run.state == RunState.PUBLISHING else ALLOWED


def can_tune(actor: Actor) -> Decision:
    """Security admins change parameters, schedule, targets and due days."""
    return _admin(actor, "Only a security administrator changes checks and goals.")


def can_recheck(actor: Actor) -> Decision:
    """Security admins, the CISO, and owners and managers who see the subject (whoever sees it, but auditors)."""
    if actor.kind == "system":
        return ALLOWED
    if actor.kind != "person":
        return refused("Only people ask for a re-check.")
    if actor.has(Role.AUDITOR):
        return refused("Auditors look, they do not act.")
    return _with_factor(actor)


def _responsible(actor: Actor, finding: Finding) -> bool:
    """Return whether the actor owns the finding or its asset, or manages the team of its owner or asset."""
    owner, asset = finding.owner, finding.asset
    mine = {owner.user_id if owner else None, asset.owner.user_id if asset and asset.owner else None}
    teams = {owner.team_id if owner else None, asset.team_id if asset else None}
    owns = actor.user_id is not None and actor.user_id in mine
    manages = actor.has(Role.MANAGER) and not actor.managed_team_ids.isdisjoint(team for team in teams if team)
    return owns or manages


def can_work_on(actor: Actor, finding: Finding) -> Decision:
    """Security admins, the finding's or asset's owner, and the manager of their team assign it and set its due date."""
    if actor.kind == "system":
        return ALLOWED
    if actor.has(Role.AUDITOR):
        return refused("Auditors look, they do not act.")
    if not actor.has(Role.SECURITY_ADMIN) and not _responsible(actor, finding):
        return refused("Only its owner, the manager of the owner's team and security administrators change a finding.")
    return _with_factor(actor)


def can_mark_fixed(actor: Actor, finding: Finding) -> Decision:
    """As `can_work_on`, while the finding is open."""
    allowed = can_work_on(actor, finding)
    if allowed and finding.state != FindingState.OPEN:
        return refused("This finding is not open.")
    return allowed
