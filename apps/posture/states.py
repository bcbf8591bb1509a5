"""Outcomes of results, states of runs and findings, and the scales that order the work."""

from enum import StrEnum

from django.db import models

from apps.core.states import machine
from apps.governance.states import Severity as Severity  # exceptions are limited by it


class Outcome(models.TextChoices):
    """What a check found about one subject. Not evaluated never counts as met, and neither does an accepted failure.

    No check says `accepted`: publishing a run turns the failures into it that an exception covers.
    """

    MET = "met", "Met"
    FAILING = "failing", "Failing"
    ACCEPTED = "accepted", "Accepted risk"
    NOT_EVALUATED = "not_evaluated", "Not evaluated"
    NOT_APPLICABLE = "not_applicable", "Not applicable"


#: What a check itself may say.
JUDGED_OUTCOMES = (Outcome.MET, Outcome.FAILING, Outcome.NOT_EVALUATED, Outcome.NOT_APPLICABLE)


class Pillar(models.TextChoices):
    """The five pillars of CISA ZTMM 2.0, and governance."""

    IDENTITY = "identity", "Identity"
    DEVICES = "devices", "Devices"
    NETWORK = "network", "Networks"
    MODELS = "models", "Models and applications"
    DATA = "data", "Data"
    GOVERNANCE = "governance", "Governance"


class SubjectKindName(StrEnum):
    """The kinds of subjects that checks are about."""

    IDENTITY = "identity"
    CREDENTIAL = "credential"
    ASSET = "asset"
    SOURCE = "source"
    EXCEPTION = "exception"


class Reason(StrEnum):
    """Reasons that every check shares; a check adds its own."""

    NONE = ""
    NO_DATA = "no_data"
    STALE = "stale"
    ERROR = "error"


REASON_LABELS = {
    Reason.NO_DATA: "No source tells this",
    Reason.STALE: "The data is older than the check allows",
    Reason.ERROR: "The check itself failed",
}


class RunState(models.TextChoices):
    """Where a run stands. Only a published run is visible."""

    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    PUBLISHING = "publishing", "Publishing"
    PUBLISHED = "published", "Published"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"

    @property
    def tone(self) -> str:
        """Return the tone of the state."""
        return RUN_TONES[self]


RUN_TONES = {
    RunState.QUEUED: "neutral",
    RunState.RUNNING: "info",
    RunState.PUBLISHING: "info",
    RunState.PUBLISHED: "good",
    RunState.CANCELLED: "neutral",
    RunState.FAILED: "bad",
}
RUN_MACHINE = machine(
    "run",
    {
        RunState.QUEUED: [RunState.RUNNING, RunState.CANCELLED, RunState.FAILED],
        RunState.RUNNING: [RunState.PUBLISHING, RunState.CANCELLED, RunState.FAILED],
        RunState.PUBLISHING: [RunState.PUBLISHED, RunState.RUNNING, RunState.FAILED],
        RunState.PUBLISHED: [],
        RunState.CANCELLED: [],
        RunState.FAILED: [],
    },
)
OPEN_RUN_STATES = (RunState.QUEUED, RunState.RUNNING, RunState.PUBLISHING)


class Trigger(models.TextChoices):
    """Why a run was started."""

    SCHEDULED = "scheduled", "Schedule"
    MANUAL = "manual", "Started by hand"
    COMMAND = "command", "Command line"
    RECHECK = "recheck", "Re-check of one subject"
    EXCEPTION = "exception", "An exception began or ended"


class TaskState(models.TextChoices):
    """Where one check of a run stands. An error leaves its subjects not evaluated; the run goes on."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    ERROR = "error", "Failed to run"


TASK_MACHINE = machine(
    "run task",
    {TaskState.WAITING: [TaskState.DONE, TaskState.ERROR], TaskState.DONE: [], TaskState.ERROR: []},
)


class FindingState(models.TextChoices):
    """Where a finding stands. Nobody sets it resolved: only a run that sees the check met does."""

    OPEN = "open", "Open"
    AWAITING_PROOF = "awaiting_proof", "Fixed, awaiting proof"
    RESOLVED = "resolved", "Resolved"

    @property
    def tone(self) -> str:
        """Return the tone of the state."""
        return FINDING_TONES[self]


FINDING_TONES = {
    FindingState.OPEN: "bad",
    FindingState.AWAITING_PROOF: "info",
    FindingState.RESOLVED: "good",
}
FINDING_MACHINE = machine(
    "finding",
    {
        FindingState.OPEN: [FindingState.AWAITING_PROOF, FindingState.RESOLVED],
        FindingState.AWAITING_PROOF: [FindingState.OPEN, FindingState.RESOLVED],
        FindingState.RESOLVED: [FindingState.OPEN],
    },
)
OPEN_FINDING_STATES = (FindingState.OPEN, FindingState.AWAITING_PROOF)


class FindingChange(models.TextChoices):
    """What a line of a finding's timeline tells."""

    OPENED = "opened", "Opened"
    REOPENED = "reopened", "Failing again"
    STILL_FAILING = "still_failing", "Still failing after the fix"
    RESOLVED = "resolved", "Resolved: the check is met"
    NOT_APPLICABLE = "not_applicable", "Resolved: the check no longer applies"
    GONE = "gone", "Resolved: the subject is gone"
    ASSIGNED = "assigned", "Owner changed"
    DUE_CHANGED = "due_changed", "Due date changed"
    MARKED_FIXED = "marked_fixed", "Marked as fixed"


class Stage(models.TextChoices):
    """The maturity stages of CISA ZTMM 2.0, lowest first."""

    TRADITIONAL = "traditional", "Traditional"
    INITIAL = "initial", "Initial"
    ADVANCED = "advanced", "Advanced"
    OPTIMAL = "optimal", "Optimal"
