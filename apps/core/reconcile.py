"""The reconciler: a loop on the database alone that does due work, safe to run in several copies."""

import logging
import threading

from django.core.cache import cache
from django.db import close_old_connections

from apps.core import clock
from apps.core.jobs import RECONCILERS

log = logging.getLogger(__name__)
HEARTBEAT = "reconciler-heartbeat"


def run_once() -> int:
    """Run every registered step once; a failing step is logged and does not stop the others. Return the rows moved."""
    moved = 0
    for name in RECONCILERS.names():
        try:
            moved += RECONCILERS[name]()
        except Exception:
            log.exception("reconciler step failed", extra={"step": name})
    cache.set(HEARTBEAT, clock.now().isoformat(), timeout=None)
    return moved


def loop(stop: threading.Event, interval: float = 5.0) -> None:
    """Run until `stop` is set, one round each `interval` seconds; connections are renewed between rounds."""
    while not stop.is_set():
        close_old_connections()
        try:
            run_once()
        except Exception:
            log.exception("reconciler round failed")
        finally:
            close_old_connections()
        stop.wait(interval)
