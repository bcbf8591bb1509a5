"""Saved scopes, campaigns with their items, decisions and removals."""

from apps.reviews.models.campaign import Campaign, Seat
from apps.reviews.models.decision import Bulk, Decision, Sample
from apps.reviews.models.forgotten import Forgotten
from apps.reviews.models.item import Item, Routing
from apps.reviews.models.removal import Proof, Removal
from apps.reviews.models.series import Series
from apps.reviews.models.watched import Watched

__all__ = [
    "Bulk",
    "Campaign",
    "Decision",
    "Forgotten",
    "Item",
    "Proof",
    "Removal",
    "Routing",
    "Sample",
    "Seat",
    "Series",
    "Watched",
]
