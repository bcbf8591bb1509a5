"""What happens to people who sign in, as the audit log names it."""

from apps.core.events import ACTIVITY, declare

USER_CREATED = declare("accounts.user.created", "User created", details=("email", "kind"))
USER_RENAMED = declare("accounts.user.changed", "User changed", details=("name",))
USER_DEACTIVATED = declare(
    "accounts.user.deactivated", "User deactivated", details=("sessions", "tokens", "roles"), reduces=True
)
USER_REACTIVATED = declare("accounts.user.reactivated", "User reactivated")
SAMPLE_USERS_CREATED = declare("accounts.sample.created", "Sample users created", details=("users",))
SAMPLE_USERS_REMOVED = declare("accounts.sample.removed", "Sample users removed", details=("users",), reduces=True)

LINK_CREATED = declare("accounts.link.created", "One-time sign-in link created", details=("purpose", "expires_at"))
LINK_USED = declare("accounts.link.used", "One-time sign-in link used", details=("purpose", "factors_removed"))

ROLE_PROPOSED = declare("accounts.role.proposed", "Role proposed", details=("role", "reason", "expires_at"))
ROLE_CONFIRMED = declare("accounts.role.confirmed", "Role confirmed", details=("role", "proposed_by"))
ROLE_GIVEN = declare("accounts.role.given", "Role given from the command line", details=("role",))
ROLE_REFUSED = declare("accounts.role.refused", "Role refused", details=("role",), reduces=True)
ROLE_WITHDRAWN = declare("accounts.role.withdrawn", "Role proposal withdrawn", details=("role",), reduces=True)
ROLE_EXPIRED = declare("accounts.role.expired", "Role proposals expired", details=("proposals",), reduces=True)
ROLE_REMOVED = declare("accounts.role.removed", "Role removed", details=("role",), reduces=True)

SIGNED_IN = declare("accounts.sign_in.succeeded", "Signed in", log=ACTIVITY, details=("method",))
SIGN_IN_FAILED = declare("accounts.sign_in.failed", "Sign-in failed", log=ACTIVITY, details=("step",))
SIGN_IN_LOCKED = declare("accounts.sign_in.locked", "Sign-in refused after repeated failures", details=("step",))
STEPPED_UP = declare("accounts.sign_in.confirmed", "Identity confirmed again", log=ACTIVITY, details=("method",))
FACTOR_ADDED = declare("accounts.factor.added", "Second factor added", details=("factor",))
FACTOR_REMOVED = declare("accounts.factor.removed", "Second factor removed", details=("factor",))
FACTOR_RESET = declare("accounts.factor.reset", "Recovery codes renewed", details=("factor",))
PASSWORD_CHANGED = declare("accounts.password.changed", "Password changed")
SESSIONS_ENDED = declare("accounts.session.ended", "Sessions ended", details=("sessions",), reduces=True)

TOKEN_CREATED = declare("accounts.token.created", "API token created", details=("prefix", "scopes", "expires_at"))
TOKEN_REVOKED = declare("accounts.token.revoked", "API token revoked", details=("prefix",), reduces=True)

TEAM_CREATED = declare("accounts.team.created", "Team created", details=("business_unit",))
MEMBER_CHANGED = declare("accounts.membership.changed", "Team membership changed", details=("team", "manages"))
MEMBER_REMOVED = declare("accounts.membership.removed", "Left a team", details=("team",), reduces=True)
