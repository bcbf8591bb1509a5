"""Audit events of the audit log itself."""

from apps.core.events import ACTIVITY, declare

LOG_VIEWED = declare("audit.log.viewed", "Read the audit log", log=ACTIVITY, details=("filters", "page"))
EVENT_VIEWED = declare("audit.event.viewed", "Opened an audit event", log=ACTIVITY)
LOG_EXPORTED = declare(
    "audit.log.exported", "Exported the audit log", details=("filters", "format", "events", "log", "first", "last")
)
DETAILS_ERASED = declare("audit.details.erased", "Erased the details of an audit event", details=("reason",))
READS_DROPPED = declare(
    "audit.reads.dropped", "Reads were not recorded: too many at once", log=ACTIVITY, details=("count",)
)
