"""Accepting the risk of access that could not be removed: by the one exception object, asked for and signed there."""

from datetime import datetime

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict
from apps.governance.models import RiskException
from apps.governance.references import ReferenceSource
from apps.governance.states import ReferenceKind
from apps.governance.states import Vote as Verdict
from apps.reviews.events import RISK_ACCEPTED
from apps.reviews.models import Item, Removal
from apps.reviews.queries import exceptions
from apps.reviews.services.deciding import subject_of_item
from apps.reviews.states import ITEM_MACHINE, ItemState


@command(RISK_ACCEPTED)
def accept(*, actor: Actor, exception: RiskException, now: datetime) -> Changed:
    """Let access stay that an exception in force is about: the item's removal ends, and its review may close.

    The value is the Item. Raises Conflict when its removal is proven by now, or was never asked for.
    """
    removal = exceptions.removal_of(exception)
    if removal is None:
        raise Conflict("This access is gone by now, or accepted already.")
    item, before = removal.item, removal.item.state
    ITEM_MACHINE.move(
        Item.objects.all(), pk=item.pk, before=exceptions.ACCEPTABLE, after=ItemState.RISK_ACCEPTED, ended_at=now
    )
    Removal.objects.filter(pk=item.pk).update(ended_at=now, next_at=None)
    signers = exception.votes.filter(choice=Verdict.SIGN).order_by("pk").values_list("voter_id", flat=True)
    facts: dict[str, object] = {
        "exception": exception.name, "reason": exception.because, "until_on": exception.ends_on.isoformat(),
        "asked_by": str(exception.asked_by_id), "signed_by": [str(signer) for signer in signers],
        "decider": str(item.decided_by_id or ""),
    }  # fmt: skip
    item.refresh_from_db()
    return Changed(subject_of_item(item), facts, value=item, before=before, after=ItemState.RISK_ACCEPTED)


def accepted(actor: Actor, exception: RiskException, now: datetime) -> None:
    """Take part in the last signature of an exception about an item, inside its transaction."""
    accept(actor=actor, exception=exception, now=now)


ITEMS = ReferenceSource(ReferenceKind.REVIEW_ITEM, exceptions.find, exceptions.over, accepted)
