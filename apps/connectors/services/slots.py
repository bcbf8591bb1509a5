"""At most so many calls of one connection at once, over all processes. A slot is a lease: a killed holder frees it."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from apps.connectors.models import Slot
from apps.connectors.models.slot import CONCURRENCY
from apps.core import clock
from apps.core.outbound import OutboundUnavailable

#: A little longer than one call may take; renewed with each call.
LEASE = timedelta(seconds=35)
WAIT_SECONDS = 5.0


@contextmanager
def held(connection_id: UUID, *, wait: float = WAIT_SECONDS) -> Iterator[Callable[[], None]]:
    """Hold a slot for the block; yields what renews its lease. Raises OutboundUnavailable when none comes free."""
    token = secrets.token_hex(16)
    end = time.monotonic() + wait
    while not _claim(connection_id, token):
        if time.monotonic() >= end:
            raise OutboundUnavailable("As many calls as this connection takes at once are under way.")
        time.sleep(0.05)
    mine = Slot.objects.filter(connection_id=connection_id, token=token)

    def renew() -> None:
        mine.update(claimed_until=clock.now() + LEASE)

    try:
        yield renew
    finally:
        mine.update(token="", claimed_until=None)


def _claim(connection_id: UUID, token: str) -> bool:
    now = clock.now()
    slots = Slot.objects.filter(connection_id=connection_id)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    for number in range(1, CONCURRENCY + 1):
        if slots.filter(free, number=number).update(token=token, claimed_until=now + LEASE):
            return True
    if slots.count() < CONCURRENCY:
        missing = [Slot(connection_id=connection_id, number=number) for number in range(1, CONCURRENCY + 1)]
        Slot.objects.bulk_create(missing, ignore_conflicts=True)
    return False
