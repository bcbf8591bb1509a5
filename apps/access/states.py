"""The machines of requests, grants, held operations and after-reviews, and the words of their states."""

from django.db import models

from apps.core.states import machine


class RequestState(models.TextChoices):
    """Where a request stands. A dry run is no row, so there is no draft."""

    PENDING = "pending", "Waiting"
    NEEDS_INFO = "needs_info", "Question asked"
    APPROVED = "approved", "Approved"
    DENIED = "denied", "Refused"
    CANCELLED = "cancelled", "Withdrawn"
    EXPIRED = "expired", "Not answered in time"
    FAILED = "failed", "Nobody could approve"


REQUEST_TONES = {
    RequestState.PENDING: "warn",
    RequestState.NEEDS_INFO: "info",
    RequestState.APPROVED: "good",
    RequestState.DENIED: "bad",
    RequestState.CANCELLED: "neutral",
    RequestState.EXPIRED: "neutral",
    RequestState.FAILED: "bad",
}
_ENDS = [RequestState.APPROVED, RequestState.DENIED, RequestState.CANCELLED, RequestState.EXPIRED, RequestState.FAILED]
REQUEST_MACHINE = machine(
    "request",
    {
        # A stage that is passed leaves the request pending: the stage number moves by its own condition.
        RequestState.PENDING: [RequestState.PENDING, RequestState.NEEDS_INFO, *_ENDS],
        RequestState.NEEDS_INFO: [RequestState.PENDING, *_ENDS[1:]],
        RequestState.APPROVED: [],
        RequestState.DENIED: [],
        RequestState.CANCELLED: [],
        RequestState.EXPIRED: [],
        RequestState.FAILED: [],
    },
)
OPEN_REQUESTS = (RequestState.PENDING, RequestState.NEEDS_INFO)


class Choice(models.TextChoices):
    """What a vote says. Withdrawing an approval is a vote of its own; the latest of a person counts."""

    APPROVE = "approve", "Approved"
    DENY = "deny", "Refused"
    WITHDRAW = "withdraw", "Took the vote back"


class GrantState(models.TextChoices):
    """Where a grant stands. Ended only after the target was seen without the access."""

    SCHEDULED = "scheduled", "Scheduled"
    ACTIVATING = "activating", "Being given"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    ENDING = "ending", "Ending"
    ENDED = "ended", "Ended"
    ACTIVATION_FAILED = "activation_failed", "Could not be given"


GRANT_TONES = {
    GrantState.SCHEDULED: "info",
    GrantState.ACTIVATING: "info",
    GrantState.ACTIVE: "good",
    GrantState.SUSPENDED: "warn",
    GrantState.ENDING: "warn",
    GrantState.ENDED: "neutral",
    GrantState.ACTIVATION_FAILED: "bad",
}
GRANT_MACHINE = machine(
    "grant",
    {
        GrantState.SCHEDULED: [GrantState.ACTIVATING, GrantState.ENDED],
        GrantState.ACTIVATING: [GrantState.ACTIVE, GrantState.ENDING, GrantState.ACTIVATION_FAILED],
        GrantState.ACTIVE: [GrantState.SUSPENDED, GrantState.ENDING],
        GrantState.SUSPENDED: [GrantState.ACTIVE, GrantState.ENDING],
        GrantState.ENDING: [GrantState.ENDED],
        # Drift: access that was seen gone is seen again.
        GrantState.ENDED: [GrantState.ENDING],
        # A call that timed out may have worked: what is found later is taken away.
        GrantState.ACTIVATION_FAILED: [GrantState.ENDING],
    },
)
LIVE_GRANTS = (GrantState.SCHEDULED, GrantState.ACTIVATING, GrantState.ACTIVE, GrantState.SUSPENDED)
#: Grants whose access the target is to have now.
WANTED_GRANTS = (GrantState.ACTIVATING, GrantState.ACTIVE)


class EndReason(models.TextChoices):
    """Why a grant ends."""

    EXPIRED = "expired", "Its time was over"
    RELEASED = "released", "Given back"
    REVOKED = "revoked", "Revoked"
    UNDONE = "undone", "Approval undone"
    REVIEW = "review", "Access review"
    SIGNAL = "signal", "Conditions no longer met"
    OFFBOARDED = "offboarded", "Person deactivated"
    SUPERSEDED = "superseded", "Replaced by an extension"
    WITHDRAWN = "withdrawn", "Withdrawn before it began"
    NOT_ACTIVATED = "not_activated", "Not activated in time"
    FAILED = "failed", "Could not be given"


class Presence(models.TextChoices):
    """Access at the target: what we want, and what was seen."""

    PRESENT = "present", "Present"
    ABSENT = "absent", "Absent"
    UNKNOWN = "unknown", "Not known"


class Carried(models.TextChoices):
    """What a line of a grant's receipts tells."""

    GRANT = "grant", "Access given at the target"
    REVOKE = "revoke", "Access taken away at the target"
    OBSERVE = "observe", "Looked at the target"


class TaskKind(models.TextChoices):
    """What a person does by hand at a target that no program reaches."""

    GIVE = "give", "Give the access"
    TAKE = "take", "Take the access away"
    RUN = "run", "Run the operation"


class AfterReviewState(models.TextChoices):
    """The after-review of an emergency grant; while it is open its holder has no further emergency access."""

    OPEN = "open", "Open"
    JUSTIFIED = "justified", "Justified"
    UNJUSTIFIED = "unjustified", "Not justified"


AFTER_REVIEW_MACHINE = machine(
    "after-review",
    {
        AfterReviewState.OPEN: [AfterReviewState.JUSTIFIED, AfterReviewState.UNJUSTIFIED],
        AfterReviewState.JUSTIFIED: [],
        AfterReviewState.UNJUSTIFIED: [],
    },
)


class HeldState(models.TextChoices):
    """A held operation: approved once, run once, exactly as approved."""

    WAITING = "waiting", "Waiting for approval"
    HELD = "held", "Approved, not run"
    RUNNING = "running", "Running"
    DONE = "done", "Run"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Not run in time"


HELD_TONES = {
    HeldState.WAITING: "warn",
    HeldState.HELD: "info",
    HeldState.RUNNING: "info",
    HeldState.DONE: "good",
    HeldState.REFUSED: "bad",
    HeldState.FAILED: "bad",
    HeldState.EXPIRED: "neutral",
}
HELD_MACHINE = machine(
    "held operation",
    {
        HeldState.WAITING: [HeldState.HELD, HeldState.REFUSED, HeldState.EXPIRED],
        HeldState.HELD: [HeldState.RUNNING, HeldState.REFUSED, HeldState.EXPIRED],
        HeldState.RUNNING: [HeldState.DONE, HeldState.FAILED],
        HeldState.DONE: [],
        HeldState.REFUSED: [],
        HeldState.FAILED: [],
        HeldState.EXPIRED: [],
    },
)


class ApproverRule(models.TextChoices):
    """Who a stage asks. All are judged by standing roles only."""

    ASSET_OWNER = "asset_owner", "Owner of the asset"
    MANAGER = "manager", "Manager of the person's team"
    TEAM_MANAGER = "team_manager", "Manager of the asset's team"
    CISO = "ciso", "CISO"
    SECURITY_ADMIN = "security_admin", "Security administrator"


class PolicyChangeState(models.TextChoices):
    """Where a proposed change of the policies stands."""

    PROPOSED = "proposed", "Waiting for a second administrator"
    CONFIRMED = "confirmed", "Confirmed"
    REFUSED = "refused", "Refused"
    WITHDRAWN = "withdrawn", "Withdrawn"


POLICY_CHANGE_TONES = {
    PolicyChangeState.PROPOSED: "warn",
    PolicyChangeState.CONFIRMED: "good",
    PolicyChangeState.REFUSED: "bad",
    PolicyChangeState.WITHDRAWN: "neutral",
}
POLICY_CHANGE_MACHINE = machine(
    "policy change",
    {
        PolicyChangeState.PROPOSED: [
            PolicyChangeState.CONFIRMED,
            PolicyChangeState.REFUSED,
            PolicyChangeState.WITHDRAWN,
        ],
        PolicyChangeState.CONFIRMED: [],
        PolicyChangeState.REFUSED: [],
        PolicyChangeState.WITHDRAWN: [],
    },
)
