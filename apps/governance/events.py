"""Audit events of governance."""

from apps.core.events import declare

EXCEPTION_ASKED = declare(
    "governance.exception.asked",
    "Exception asked for",
    details=("about", "key", "severity", "ends_on", "compensating_check", "compensating_subject", "needed", "reason"),
)
EXCEPTION_SIGNED = declare(
    "governance.exception.signed", "Exception signed", details=("signatures", "needed", "as_ciso", "reason")
)
EXCEPTION_REFUSED = declare("governance.exception.refused", "Exception refused", details=("reason",), reduces=True)
EXCEPTION_ENDED = declare("governance.exception.ended", "Exception ended", details=("why", "note"), reduces=True)
LIMITS_CHANGED = declare(
    "governance.exception_limits.changed", "Longest exceptions changed", details=("before", "after", "too_long")
)
SAMPLE_FORGOTTEN = declare("governance.sample.forgotten", "Exceptions of the sample forgotten", details=("exceptions",))
