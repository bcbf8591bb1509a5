"""A random item of *Used and usual* found wrong: similar ones join *Look closely*."""

from django.db.models import Case, IntegerField, Q, Value, When

from apps.reviews.models import Item
from apps.reviews.states import ItemState, Pile

SIMILAR = 10


def promote_similar(item: Item) -> int:
    """Move up to ten undecided items most like this one to *Look closely*; return how many.

    Most alike is the same operation on the same asset, then the same asset, then the same operation. Their recorded
    reasons stay as they were shown: only the pile moves.
    """
    same_asset, same_operation = Q(asset_label=item.asset_label), Q(operation=item.operation)
    likeness = Case(
        When(same_asset & same_operation, then=Value(1)),
        When(same_asset, then=Value(2)),
        When(same_operation, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    rows = Item.objects.filter(
        campaign_id=item.campaign_id,
        stage=item.stage,
        reviewer_id=item.reviewer_id,
        pile=Pile.USUAL,
        state=ItemState.OPEN,
    )
    numbers = list(rows.annotate(likeness=likeness).order_by("likeness", "pk").values_list("pk", flat=True)[:SIMILAR])
    return Item.objects.filter(pk__in=numbers).update(pile=Pile.CLOSE)
