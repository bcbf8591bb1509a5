"""Words of governance: severity, and the machine of an exception with what it may be about and how it ends."""

from django.db import models

from apps.core.states import machine


class Severity(models.TextChoices):
    """How bad a failure is; it orders the work and never weighs the headline."""

    CRITICAL = "critical", "Critical"
    HIGH = "high", "High"
    MEDIUM = "medium", "Medium"
    LOW = "low", "Low"


class ReferenceKind(models.TextChoices):
    """What an exception may be about. The list is closed; who owns the rows registers how one is found."""

    FINDING = "finding", "Finding"
    GRANT = "grant", "Grant"
    ENTITLEMENT = "entitlement", "Access at a source"
    REVIEW_ITEM = "review_item", "Review item"


class ExceptionState(models.TextChoices):
    """Where an exception stands. Only an active one whose end date has not passed accepts anything."""

    ASKED = "asked", "Waits for a signature"
    SIGNED = "signed", "Waits for another signature"
    ACTIVE = "active", "Active"
    ENDED = "ended", "Ended"
    REFUSED = "refused", "Refused"

    @property
    def tone(self) -> str:
        """Return the tone of the state."""
        return {"asked": "warn", "signed": "warn", "active": "accepted", "refused": "bad"}.get(self.value, "neutral")


OPEN_EXCEPTIONS = (ExceptionState.ASKED, ExceptionState.SIGNED, ExceptionState.ACTIVE)
WAITING_EXCEPTIONS = (ExceptionState.ASKED, ExceptionState.SIGNED)

EXCEPTION_MACHINE = machine(
    "exception",
    {
        ExceptionState.ASKED: [
            ExceptionState.SIGNED,
            ExceptionState.ACTIVE,
            ExceptionState.REFUSED,
            ExceptionState.ENDED,
        ],
        ExceptionState.SIGNED: [ExceptionState.ACTIVE, ExceptionState.REFUSED, ExceptionState.ENDED],
        ExceptionState.ACTIVE: [ExceptionState.ENDED],
        ExceptionState.ENDED: [],
        ExceptionState.REFUSED: [],
    },
)


class EndReason(models.TextChoices):
    """Why an exception ended."""

    EXPIRED = "expired", "Its end date passed"
    WITHDRAWN = "withdrawn", "Withdrawn"
    UNMET = "unmet", "Its compensating check is not met"
    OVER = "over", "What it was about is over"
    REVIEW = "review", "Revoked by a review"


class Vote(models.TextChoices):
    """What somebody other than the asker said."""

    SIGN = "sign", "Signed"
    REFUSE = "refuse", "Refused"
