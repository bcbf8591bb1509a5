"""What publishing a run keeps for pages that must not sort live rows."""

from apps.core.actor import system
from apps.posture.models import FurthestAsset, Run
from apps.posture.queries.assets import furthest_from_proven

COPIED = ("met", "failing", "accepted", "not_evaluated", "open_critical", "open_high", "oldest_due_on")


def keep_furthest(run: Run) -> None:
    """Keep the tier-1 assets furthest from proven with their scores of now; to be called once scores are rebuilt."""
    scores, of = furthest_from_proven(system("posture"))
    FurthestAsset.objects.bulk_create(
        FurthestAsset(
            run=run,
            rank=rank,
            of=of,
            asset_id=score.asset_id,
            **{name: getattr(score, name) for name in COPIED},
        )
        for rank, score in enumerate(scores, start=1)
    )
