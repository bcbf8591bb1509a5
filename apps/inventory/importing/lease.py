"""Who is at work on an import, so that work whose process died is taken up again at once or when its lease ends."""

import os
import socket
from datetime import datetime, timedelta

from apps.inventory.models import Import

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 5


class LostLease(Exception):
    """Another process took the import over; what this one did is thrown away by it."""


def holder() -> str:
    """Return this process as `host:process`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_free(owner: Import, now: datetime) -> bool:
    """Return whether nobody is at work on the import."""
    return not owner.claimed_by or is_due(owner, now)


def is_due(owner: Import, now: datetime) -> bool:
    """Return whether somebody should take the import up: its lease ended, or its process on this host is dead."""
    if owner.claimed_until is None or owner.claimed_until <= now:
        return True
    host, _, process = owner.claimed_by.rpartition(":")
    return host == socket.gethostname() and process.isdigit() and not _alive(int(process))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
