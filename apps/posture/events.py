"""Audit events of posture."""

from apps.core.events import declare

RUN_REQUESTED = declare("posture.run.requested", "Posture run requested", details=("run", "trigger", "checks", "as_of"))
RUN_PUBLISHED = declare(
    "posture.run.published",
    "Posture run published",
    details=("run", "as_of", "checks", "met", "applicable", "opened", "reopened", "resolved"),
)
RUN_CANCELLED = declare("posture.run.cancelled", "Posture run cancelled", details=("run",))
RUN_FAILED = declare("posture.run.failed", "Posture run failed", details=("run", "problem"))
SUBJECT_RECHECKED = declare(
    "posture.subject.rechecked", "Subject checked again", details=("run", "check", "before", "after")
)
CHECK_TUNED = declare(
    "posture.check.tuned", "Check parameters changed", details=("check", "version", "before", "after", "note")
)
CHECK_VERSIONED = declare(
    "posture.check.versioned", "New version of a check in force", details=("check", "version", "code_version")
)
SCHEDULE_CHANGED = declare(
    "posture.schedule.changed", "Run schedule changed", details=("interval_hours", "paused", "before")
)
TARGETS_CHANGED = declare("posture.targets.changed", "Targets changed", details=("before", "after"))
DUE_DAYS_CHANGED = declare("posture.due_days.changed", "Due days per severity changed", details=("before", "after"))
FINDING_ASSIGNED = declare("posture.finding.assigned", "Finding assigned", details=("finding", "before", "after"))
FINDING_DUE_CHANGED = declare(
    "posture.finding.due_changed", "Due date of a finding changed", details=("finding", "before", "after", "note")
)
FINDING_MARKED_FIXED = declare("posture.finding.marked_fixed", "Finding marked as fixed", details=("finding", "note"))
RUNS_FORGOTTEN = declare("posture.runs.forgotten", "All runs and findings forgotten", details=("runs",))
