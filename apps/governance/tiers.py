"""Tiers: how much care access to an asset needs, 1 the strictest (governance.md §5).

| Tier | Route | At most | A decision needs |
|---|---|---|---|
| 1 | two stages by distinct persons | 4 h | a passkey, or a second factor proven within 5 minutes |
| 2 | one approver | 24 h | a second factor proven within 15 minutes |
| 3 | automatic | 8 h | – |
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier: the fewest approvals its route may have, the longest grant, and how fresh an approver's proof must be."""

    number: int
    title: str
    approvals: int
    max_minutes: int
    proof_age: timedelta


TIERS: dict[int, Tier] = {
    tier.number: tier
    for tier in (
        Tier(1, "Tier 1", approvals=2, max_minutes=4 * 60, proof_age=timedelta(minutes=5)),
        Tier(2, "Tier 2", approvals=1, max_minutes=24 * 60, proof_age=timedelta(minutes=15)),
        Tier(3, "Tier 3", approvals=0, max_minutes=8 * 60, proof_age=timedelta(minutes=15)),
    )
}
#: Care for an asset of which nobody said its tier: never automatic, because not known is not harmless.
UNKNOWN_TIER = 2
#: Words of a classification that put an asset of unconfirmed tier into tier 1.
SENSITIVE_WORDS = ("personal", "pii", "phi", "regulated", "restricted", "customer")


def is_sensitive(classification: str) -> bool:
    """Return whether a classification speaks of personal, regulated or customer data."""
    words = classification.lower().replace("_", " ").replace("-", " ")
    return not words.startswith(("non ", "no ")) and any(word in words for word in SENSITIVE_WORDS)


def asset_tier(known: Iterable[int | None], *, confirmed: bool, classification: str = "") -> int:
    """Return the tier an asset is treated as: the strictest known of it and its model, else `UNKNOWN_TIER`.

    A sensitive classification makes it tier 1 unless somebody confirmed the tier here.
    """
    tiers = [tier for tier in known if tier in TIERS]
    strictest = min(tiers, default=UNKNOWN_TIER)
    if not confirmed and is_sensitive(classification):
        return 1
    return strictest


def request_tier(operation_tier: int, tier_of_asset: int) -> int:
    """Return the tier of a request: the stricter of its operation's and its asset's."""
    return min(operation_tier, tier_of_asset)
