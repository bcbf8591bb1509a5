"""Forgetting the exceptions of the sample organisation: the one way in which exceptions and their votes go."""

from datetime import datetime

from django.db.models import Q

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.events import Subject
from apps.governance.events import SAMPLE_FORGOTTEN
from apps.governance.models import ExceptionVote, ForgottenException, RiskException
from apps.governance.states import OPEN_EXCEPTIONS, EndReason, ExceptionState


@command(SAMPLE_FORGOTTEN)
def forget_sample(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Delete every exception that a sample user asked for, with its votes; those of other users end.

    Every finding goes with the sample, so that what others asked for is over too; their rows stay, as does the audit
    log. Only the system may, within a larger command. The value is how many were deleted.
    """
    if actor.kind != "system":
        refused("Exceptions of the sample are forgotten by the portal itself.").require()
    sample = Q(asked_by__is_sample=True)
    gone = list(RiskException.objects.filter(sample).values_list("pk", flat=True))
    ForgottenException.objects.bulk_create([ForgottenException(exception=key, at=now) for key in gone], batch_size=500)
    ExceptionVote.objects.filter(exception_id__in=gone).delete()
    RiskException.objects.filter(pk__in=gone).delete()
    ended = RiskException.objects.filter(state__in=OPEN_EXCEPTIONS, kind="finding").update(
        state=ExceptionState.ENDED,
        ended_at=now,
        end_reason=EndReason.OVER,
        end_note="The sample organisation was removed.",
        ended_by=actor.label,
    )
    if not gone and not ended:
        return Unchanged(value=0)
    return Changed(
        Subject("sample", "exceptions", "Exceptions of the sample"), {"exceptions": len(gone)}, value=len(gone)
    )
