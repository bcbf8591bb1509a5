"""The second look: somebody else answers for a few risky items; the answers are compared and count for nothing else."""

from datetime import datetime

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.reviews.events import ITEM_DECIDED
from apps.reviews.models import Decision, Item
from apps.reviews.queries.quality import second_sample
from apps.reviews.rules.seconding import can_second
from apps.reviews.services.deciding import subject_of_item
from apps.reviews.states import Choice


@command(ITEM_DECIDED)
def second(*, actor: Actor, item: Item, choice: str, digest: str, now: datetime) -> Changed:
    """Say of a sampled item what one would have answered; the value is the Decision.

    Raises Forbidden for whoever answered it or must not certify it, Conflict when it is not in the sample, was shown
    differently or was answered a second time already, Invalid for another choice than keep or revoke.
    """
    row = Item.objects.select_related("campaign").select_for_update(of=("self",), no_key=True).get(pk=item.pk)
    can_second(actor, row).require()
    if choice not in (Choice.KEEP, Choice.REVOKE):
        raise Invalid("Keep or revoke.", choice="Choose one.")
    if digest != row.digest or row.pk not in {one.pk for one in second_sample(row.campaign)}:
        raise Conflict("This item is not asked about a second time.")
    if row.decisions.filter(second=True).exists():
        raise Conflict("Somebody gave a second answer already.")
    made = Decision.objects.create(
        item=row, campaign_id=row.campaign_id, stage=row.stage, reviewer_id=actor.user_id, choice=choice, second=True,
        digest=digest, strength=actor.strength, at=now,
    )  # fmt: skip
    facts: dict[str, object] = {"choice": choice, "stage": row.stage, "digest": digest, "second": True}
    return Changed(subject_of_item(row), facts, value=made)
