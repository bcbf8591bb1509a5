"""Taking reviewed access away, kind by kind, through the services of the app that owns it."""

from datetime import datetime

from apps.access.models import Grant
from apps.access.services.ending import end_grant
from apps.access.states import EndReason
from apps.core.actor import Actor


def end_granted(actor: Actor, number: str, note: str, now: datetime) -> None:
    """End a grant because of a review. Raises Conflict when it has ended or is ending already."""
    grant = Grant.objects.select_related("binding").get(pk=int(number))
    end_grant(actor=actor, grant=grant, reason=EndReason.REVIEW, note=note, now=now)
