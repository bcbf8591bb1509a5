"""Leases and waiting: who works on a row until when, and when it is tried again (reliability.md §4)."""

import secrets
from datetime import timedelta

#: A worker has this long for all calls of one try; then another may take over.
LEASE = timedelta(seconds=40)
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0
#: Access that ought to be gone is gone a minute after its target is back (reliability.md, P2), so it waits no longer.
LONGEST_REVOKING = 30.0
_random = secrets.SystemRandom()


def backoff(attempts: int, retry_after: float | None = None, *, longest: float = LONGEST_WAIT) -> timedelta:
    """Return how long to wait after `attempts` tries: up to 5 s doubled to 5 min, with full jitter.

    What the target asks for is honoured within the same limit, so that one that lies cannot put a revocation off.
    """
    ceiling = min(longest, FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 10))
    asked = min(max(retry_after or 0.0, 0.0), longest)
    return timedelta(seconds=max(_random.uniform(1.0, ceiling), asked))
