"""Reads are written down too, but a page does not wait for it: they are gathered and appended once a second.

What does not fit into the buffer is counted, and the count becomes an event. A crash loses the last second of reads;
exports are not reads, they are written down before the first byte leaves.
"""

import atexit
import logging
import threading
from collections import deque

from django.conf import settings
from django.db import close_old_connections, transaction

from apps.audit import entry
from apps.audit.events import READS_DROPPED
from apps.audit.services.append import append_acts
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import record
from apps.core.events import Event, Occurrence, Subject

log = logging.getLogger(__name__)

CAPACITY = 1000
INTERVAL = 1.0


class ReadBuffer:
    """A bounded queue of reads and the thread that empties it."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._waiting: deque[entry.Act] = deque()
        self._capacity = capacity
        self._dropped = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def add(self, act: entry.Act) -> None:
        """Queue a read, or count it as dropped when the queue is full."""
        with self._lock:
            if len(self._waiting) >= self._capacity:
                self._dropped += 1
            else:
                self._waiting.append(act)

    def flush(self) -> int:
        """Append what waits, in one transaction; return how many entries. After a failure all of it waits again."""
        with self._lock:
            acts, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
        if not acts and not dropped:
            return 0
        try:
            with transaction.atomic():
                if dropped:
                    acts.append(_dropped(dropped))
                append_acts(acts)
        except Exception:
            with self._lock:
                kept = acts[: len(acts) - bool(dropped)]
                self._waiting.extendleft(reversed(kept))
                self._dropped += dropped
            raise
        return len(acts)

    def ensure_running(self) -> None:
        """Start the thread of this process, once; a forked child starts its own."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._run, name="audit-reads", daemon=True)
            self._thread.start()
            atexit.register(self._last)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            close_old_connections()
            self._try()
            close_old_connections()

    def _last(self) -> None:
        self._stop.set()
        self._try()

    def _try(self) -> None:
        try:
            self.flush()
        except Exception:
            log.exception("reads could not be appended to the audit log")


def _dropped(count: int) -> entry.Act:
    subject = Subject("audit.log", "activity", "Activity log")
    return entry.act_of(system("audit"), Occurrence(READS_DROPPED, subject, {"count": count}), clock.now())


BUFFER = ReadBuffer()


def note_read(event: Event, *, actor: Actor, subject: Subject, details: dict[str, object] | None = None) -> None:
    """Write down that the actor read something. With ZTPORTAL_AUDIT_BUFFER_READS off it is appended at once."""
    if not getattr(settings, "ZTPORTAL_AUDIT_BUFFER_READS", True):
        record(event, actor=actor, subject=subject, details=details)
        return
    BUFFER.add(entry.act_of(actor, Occurrence(event, subject, details or {}), clock.now()))
    BUFFER.ensure_running()
