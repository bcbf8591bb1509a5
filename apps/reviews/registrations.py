"""What reviews tell core at start-up: what is reviewable of the apps below, notices, steps of the reconciler."""

from apps.accounts.participants import PARTICIPANTS
from apps.core.actor import Actor
from apps.core.jobs import RECONCILERS
from apps.core.metrics import register as register_metric
from apps.core.notices import SEEN, register_kind
from apps.core.reviewables import REVIEWABLES, Reviewable
from apps.reviews.models import Campaign, Series
from apps.reviews.queries import subjects
from apps.reviews.queries.metrics import REVIEW_METRICS
from apps.reviews.services import reconciling, removal, rerouting, series, telling
from apps.reviews.services.taking import end_granted
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
    Reviewable("role", "Role that approves", subjects.roles, subjects.role_columns),
    Reviewable("team_manager", "Manager of a team", subjects.team_managers, subjects.team_manager_columns),
    Reviewable("delegation", "Delegation", subjects.delegations, subjects.delegation_columns),
    Reviewable("target", "Connector account", subjects.targets, subjects.target_columns),
    Reviewable("policy", "Access policy", subjects.policies, subjects.policy_columns),
    Reviewable("api_token", "API token", subjects.tokens, subjects.token_columns),
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
    PARTICIPANTS.register("reviews.items", rerouting.offboard)
    SEEN.register("review", sees_review)
    SEEN.register("review_series", sees_series)
    for kind in KINDS:
        REVIEWABLES.register(kind.kind, kind)
