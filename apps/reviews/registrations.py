"""What reviews tell at start-up: what is reviewable of the apps below, notices, checks, steps of the reconciler."""

from apps.access.queries.conditions import HOLDS
from apps.accounts.participants import PARTICIPANTS
from apps.core.actor import Actor
from apps.core.jobs import RECONCILERS
from apps.core.metrics import register as register_metric
from apps.core.notices import SEEN, register_kind
from apps.core.reviewables import REVIEWABLES, Reviewable
from apps.governance.references import REFERENCES
from apps.posture.spec import register as register_check
from apps.reviews.checks import CHECKS
from apps.reviews.models import Campaign, Series
from apps.reviews.queries import governing, subjects
from apps.reviews.queries.holding import HOLD
from apps.reviews.queries.metrics import REVIEW_METRICS
from apps.reviews.services import reconciling, removal, rerouting, series, telling
from apps.reviews.services.accepting import ITEMS
from apps.reviews.services.taking import end_accepted, end_granted, end_standing_in, revoke_key
from apps.reviews.states import SubjectKind

KINDS = (
    Reviewable(
        SubjectKind.ENTITLEMENT,
        "Standing access",
        subjects.entitlements,
        subjects.entitlement_columns,
        governance=False,
        still=subjects.entitlements_shown,
    ),
    Reviewable(
        SubjectKind.GRANT,
        "Grant",
        subjects.grants,
        subjects.grant_columns,
        governance=False,
        remove=end_granted,
        still=subjects.grants_not_seen_gone,
    ),
    Reviewable("role", "Role that approves", governing.roles, governing.role_columns),
    Reviewable("team_manager", "Manager of a team", governing.team_managers, governing.team_manager_columns),
    Reviewable("delegation", "Delegation", governing.delegations, governing.delegation_columns, remove=end_standing_in),
    Reviewable("exception", "Exception", governing.exceptions, governing.exception_columns, remove=end_accepted),
    Reviewable("target", "Connector account", governing.targets, governing.target_columns),
    Reviewable("policy", "Access policy", governing.policies, governing.policy_columns),
    Reviewable("route", "Automatic approval", governing.routes, governing.route_columns, still=governing.routes_open),
    Reviewable("api_token", "API token", governing.tokens, governing.token_columns, remove=revoke_key),
)
STEPS = (
    ("reviews.open_due_series", series.open_due_series),
    ("reviews.move_campaigns", reconciling.move_campaigns),
    ("reviews.remind", reconciling.remind),
    ("reviews.remove_due", removal.remove_due),
    ("reviews.look_over", reconciling.look_over),
    ("reviews.watch", reconciling.watch),
)


def sees_review(actor: Actor, number: str) -> bool:
    """Return whether the actor sees a campaign."""
    return number.isdigit() and Campaign.objects.visible_to(actor).filter(pk=int(number)).exists()


def sees_series(actor: Actor, number: str) -> bool:
    """Return whether the actor sees a saved scope."""
    return number.isdigit() and Series.objects.visible_to(actor).filter(pk=int(number)).exists()


def register() -> None:
    """Make all registrations; a name taken by another stops the start."""
    for notice in telling.KINDS:
        register_kind(notice)
    for name, step in STEPS:
        RECONCILERS.register(name, step)
    for metric in REVIEW_METRICS:
        register_metric(metric)
    for spec in CHECKS:
        register_check(spec)
    REFERENCES.register(ITEMS.kind, ITEMS)
    HOLDS.register(HOLD.name, HOLD)
    PARTICIPANTS.register("reviews.items", rerouting.offboard)
    SEEN.register("review", sees_review)
    SEEN.register("review_series", sees_series)
    for kind in KINDS:
        REVIEWABLES.register(kind.kind, kind)
