"""The sample organisation, Fenwick Mutual: ninety days of weekly exports in the vendors' formats.

Pure Python without Django: the exports go through the same importers as anybody's. Everything here is invented.
"""

from apps.portal.sample.access import colleagues
from apps.portal.sample.decisions import Confirmation, confirmations
from apps.portal.sample.exports import (
    SYSTEMS,
    TRUSTED_KEY,
    TRUSTED_KEY_NAME,
    Batch,
    by_week,
    generate,
)
from apps.portal.sample.story import CAST, ORGANISATION, CastMember
from apps.portal.sample.timeline import latest_end

__all__ = [
    "CAST",
    "ORGANISATION",
    "SYSTEMS",
    "TRUSTED_KEY",
    "TRUSTED_KEY_NAME",
    "Batch",
    "CastMember",
    "Confirmation",
    "by_week",
    "colleagues",
    "confirmations",
    "generate",
    "latest_end",
]
