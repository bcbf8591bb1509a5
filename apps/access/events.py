"""Audit events of access."""

from apps.core.events import ACTIVITY, declare

# Requests
REQUEST_SUBMITTED = declare(
    "access.request.submitted",
    "Access requested",
    details=("operation", "asset", "minutes", "tier", "beneficiary", "reason", "digest", "origin", "policies"),
)
REQUEST_APPROVED = declare(
    "access.request.approved", "Access request approved", details=("operation", "asset", "minutes", "tier", "approvers")
)
REQUEST_REFUSED = declare("access.request.refused", "Access request refused", details=("reason",), reduces=True)
REQUEST_WITHDRAWN = declare("access.request.withdrawn", "Access request withdrawn", details=("reason",), reduces=True)
REQUESTS_EXPIRED = declare(
    "access.request.expired", "Access requests not answered in time", details=("requests",), reduces=True
)
REQUEST_FAILED = declare(
    "access.request.failed", "Nobody could approve an access request", details=("stage", "rule"), reduces=True
)
REQUEST_REMINDED = declare("access.request.reminded", "Approvers reminded", details=("stage", "people"))
REQUEST_ESCALATED = declare("access.request.escalated", "Access request escalated", details=("stage", "people"))
REQUEST_REBOUND = declare(
    "access.request.rebound", "Access request changed under its votes", details=("before", "after"), reduces=True
)
REQUEST_ASKED = declare("access.request.asked", "Question about an access request", details=("question",))
REQUEST_ANSWERED = declare("access.request.answered", "Question answered", details=("answer",))
REQUEST_OFFERED = declare("access.request.offered", "Less access offered", details=("operation", "minutes", "offer"))
BUNDLE_SUBMITTED = declare("access.bundle.submitted", "Access requested by a program", details=("requests",))
BUNDLE_WITHDRAWN = declare(
    "access.bundle.withdrawn", "Requests of a program withdrawn", details=("requests",), reduces=True
)
VOTE_CAST = declare(
    "access.vote.cast", "Vote on an access request", details=("choice", "stage", "digest", "on_behalf_of", "reason")
)
VOTE_UNDONE = declare("access.vote.undone", "Approval taken back", details=("stage", "removed"), reduces=True)
LEAVER_REQUESTS = declare(
    "access.requests.left",
    "Requests and approvals of a deactivated person ended",
    details=("requests", "asked", "delegations", "grants"),
    reduces=True,
)
DELEGATION_GIVEN = declare(
    "access.delegation.given", "Approvals delegated", details=("delegate", "from_at", "until_at", "strictest_tier")
)
DELEGATION_ENDED = declare("access.delegation.ended", "Delegation ended", details=("delegate",), reduces=True)

# Grants
GRANT_OPENED = declare(
    "access.grant.opened", "Grant opened", details=("request", "operation", "asset", "minutes", "start_at", "holder")
)
GRANT_ACTIVATING = declare("access.grant.activating", "Grant is being given", details=("minutes", "generation"))
GRANT_ACTIVATED = declare("access.grant.activated", "Access given", details=("expires_at", "account", "generation"))
GRANT_FAILED = declare("access.grant.failed", "Access could not be given", details=("problem",), reduces=True)
GRANT_SUSPENDED = declare("access.grant.suspended", "Access suspended", details=("because",), reduces=True)
GRANT_RESUMED = declare("access.grant.resumed", "Access resumed", details=("expires_at",))
GRANT_ENDING = declare("access.grant.ending", "Access is being taken away", details=("reason", "note"), reduces=True)
GRANT_ENDED = declare("access.grant.ended", "Access seen gone", details=("reason", "generation"), reduces=True)
GRANT_DRIFTED = declare(
    "access.grant.drifted", "Access found at the target that ought to be gone", details=("level",), reduces=True
)
GRANT_REPAIRED = declare("access.grant.repaired", "Access given again that was lost", details=("generation",))
GRANT_OVERDUE = declare(
    "access.grant.overdue", "Access is still not seen gone", details=("since", "problem"), reduces=True
)
GRANTS_WARNED = declare("access.grants.warned", "Holders told that their access ends soon", details=("grants",))
ORPHANS_FOUND = declare(
    "access.orphans.found", "Access at a target that no grant explains", details=("binding", "found", "gone")
)
_BINDING = ("provisioner", "connection", "asset", "kind", "levels", "settings")
BINDING_CREATED = declare("access.binding.created", "Way to carry access added", details=_BINDING)
BINDING_CHANGED = declare("access.binding.changed", "Way to carry access changed", details=_BINDING)
BINDING_ENABLED = declare("access.binding.enabled", "Way to carry access switched on", details=_BINDING)
BINDING_DISABLED = declare(
    "access.binding.disabled", "Way to carry access switched off", details=_BINDING, reduces=True
)
ORPHAN_REMOVED = declare(
    "access.orphan.removed",
    "Access that no grant explains removed",
    details=("binding", "account", "resource", "level", "worked", "problem"),
    reduces=True,
)
PASSWORD_SHOWN = declare("access.grant.password_shown", "Password shown to the holder", details=("generation",))
TASK_DONE = declare("access.task.done", "Task by hand confirmed", details=("kind", "grant", "held", "proof"))

# Emergency access
PERMIT_PROPOSED = declare("access.emergency_permit.proposed", "Emergency permit proposed", details=("user", "until_on"))
PERMIT_CONFIRMED = declare(
    "access.emergency_permit.confirmed", "Emergency permit confirmed", details=("user", "proposed_by")
)
PERMIT_ENDED = declare("access.emergency_permit.ended", "Emergency permit ended", details=("user",), reduces=True)
EMERGENCY_USED = declare(
    "access.emergency.used",
    "Emergency access used",
    details=("operation", "asset", "minutes", "reason", "skipped", "drill", "policy"),
)
EMERGENCY_REVIEWED = declare(
    "access.emergency.reviewed", "Emergency access reviewed", details=("grant", "justified", "verdict")
)

# Held operations
HELD_APPROVED = declare("access.held.approved", "Operation held after approval", details=("operation", "run_by"))
HELD_STARTED = declare("access.held.started", "Held operation started", details=("operation", "payload_digest"))
HELD_RUN = declare("access.held.run", "Held operation run", details=("operation", "payload_digest", "result"))
HELD_FAILED = declare("access.held.failed", "Held operation failed", details=("operation", "problem"), reduces=True)
HELD_REFUSED = declare("access.held.refused", "Held operation refused", details=("operation", "reason"), reduces=True)
HELD_EXPIRED = declare("access.held.expired", "Held operation not run in time", details=("operation",), reduces=True)

# Policies
_CHANGE = ("based_on", "note", "added", "removed", "edited", "newly_refused", "newly_allowed")
POLICY_PROPOSED = declare("access.policy.proposed", "Change of access policies proposed", details=_CHANGE)
POLICY_CONFIRMED = declare(
    "access.policy.confirmed",
    "Access policies changed",
    details=(*_CHANGE, "version", "digest", "proposed_by"),
)
POLICY_REFUSED = declare("access.policy.refused", "Change of access policies refused", details=("note",), reduces=True)
POLICY_WITHDRAWN = declare(
    "access.policy.withdrawn", "Change of access policies withdrawn", details=("note",), reduces=True
)

# Routes
_ROUTES = ("based_on", "note", "tiers", "different", "stranded")
ROUTES_PROPOSED = declare("access.routes.proposed", "Change of approval routes proposed", details=_ROUTES)
ROUTES_CONFIRMED = declare(
    "access.routes.confirmed", "Approval routes changed", details=(*_ROUTES, "version", "proposed_by")
)
ROUTES_REFUSED = declare("access.routes.refused", "Change of approval routes refused", details=("note",), reduces=True)
ROUTES_WITHDRAWN = declare(
    "access.routes.withdrawn", "Change of approval routes withdrawn", details=("note",), reduces=True
)

# Tokens
SIGNING_KEY_MADE = declare("access.signing_key.made", "Key of access tokens made", details=("kid",))
TOKEN_ISSUED = declare(
    "access.token.issued", "Access token issued", log=ACTIVITY, details=("jti", "expires_at", "audience")
)

# The sample organisation
SAMPLE_FORGOTTEN = declare(
    "access.sample.forgotten", "Access of the sample forgotten", details=("requests", "grants"), reduces=True
)
