"""The second look: which sampled items somebody may still answer, without what was answered first."""

from collections.abc import Sequence
from uuid import UUID

from apps.core.actor import Actor
from apps.core.persons import accounts_of
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.queries.independence import conflicted
from apps.reviews.queries.quality import second_sample
from apps.reviews.states import Trigger

#: Newest sealed reviews among which somebody is told what waits for a second look.
NEWEST = 10


def answered_by(item: Item) -> frozenset[UUID]:
    """Return whose the answer is: who gave it and in whose name; nobody's where the terms did."""
    return frozenset(pk for pk in (item.decided_by_id, item.decided_by_id and item.reviewer_id) if pk is not None)


def seconds_left(campaign: Campaign, user_id: UUID, sample: Sequence[Item] | None = None) -> list[Item]:
    """Return the sampled items that nobody answered a second time and this user may: neither answered by them, by
    whichever account, nor access of their own. At most eight queries, two fewer where the sample is given."""
    sample = list(second_sample(campaign)) if sample is None else sample
    numbers = [item.pk for item in sample]
    if not numbers:
        return []
    answered = set(Decision.objects.filter(item__in=numbers, second=True).values_list("item_id", flat=True))
    theirs = accounts_of([user_id], {pk for item in sample for pk in answered_by(item)})
    barred = set(conflicted(Item.objects.filter(pk__in=numbers), [user_id]).values_list("pk", flat=True))
    return [item for item in sample if item.pk not in answered | barred and not answered_by(item) & theirs]


def waiting_for_second(actor: Actor) -> list[tuple[Campaign, int]]:
    """Return the newest sealed reviews with items left for the actor's second look, and how many."""
    if actor.user_id is None:
        return []
    rows = Campaign.objects.visible_to(actor).filter(sealed_at__isnull=False, trigger=Trigger.SCOPE)
    counted = [(row, len(seconds_left(row, actor.user_id))) for row in rows.order_by("-number")[:NEWEST]]
    return [(row, left) for row, left in counted if left]
