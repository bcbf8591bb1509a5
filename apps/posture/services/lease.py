"""The lease of a run: who works on it, until when, and how a worker that died is noticed.

A worker claims a run for two minutes and renews the claim before and after each check. A claim is fenced: every write
of a check or of the publication ends with a conditional UPDATE on the worker's own name, so that a worker that lost its
lease writes nothing. On the same host a worker whose process is gone loses its lease at once.
"""

import os
import secrets
import socket
from datetime import datetime, timedelta
from pathlib import Path

from django.db.models import F, Q

from apps.core.errors import Conflict
from apps.posture.models import Run
from apps.posture.states import OPEN_RUN_STATES, RUN_MACHINE, RunState

LEASE = timedelta(seconds=120)
#: How long a queued run may wait for the task that was sent for it before the reconciler sends another.
DELIVERY = timedelta(seconds=30)
MAX_ATTEMPTS = 5


def _started(pid: int) -> str:
    """Return when a process began, as the kernel counts it; empty where that is not known or there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def new_worker() -> str:
    """Return a name for this worker: host, process, start of the process, and something nobody else has."""
    pid = os.getpid()
    return f"{socket.gethostname()[:100]}:{pid}:{_started(pid)}:{secrets.token_hex(8)}"


def is_dead(worker: str) -> bool:
    """Return whether the worker ran on this host in a process that is gone."""
    host, pid, started, _ = [*worker.rsplit(":", 3), "", "", ""][:4]
    if host != socket.gethostname()[:100] or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return bool(started) and _started(int(pid)) != started


def is_abandoned(run: Run, now: datetime) -> bool:
    """Return whether nobody works on an open run any more."""
    if not run.claimed_by:
        return run.claimed_until is None or run.claimed_until < now
    return is_dead(run.claimed_by) or run.claimed_until is None or run.claimed_until < now


def claim(number: int, worker: str, now: datetime) -> Run:
    """Give the run to the worker. Raises Conflict when it has ended or another worker holds it."""
    run = Run.objects.filter(pk=number, state__in=OPEN_RUN_STATES).first()
    if run is None or (run.claimed_by and not is_abandoned(run, now)):
        raise Conflict(f"Run {number} has ended or is being worked on.")
    if run.state != RunState.RUNNING and not RUN_MACHINE.allows(run.state, RunState.RUNNING):
        raise Conflict(f"Run {number} cannot be resumed.")
    same = Run.objects.filter(pk=number, state=run.state, claimed_by=run.claimed_by, attempts=run.attempts)
    taken = same.update(
        state=RunState.RUNNING,
        claimed_by=worker,
        claimed_until=now + LEASE,
        attempts=F("attempts") + 1,
        started_at=run.started_at or now,
    )
    if not taken:
        raise Conflict(f"Run {number} was taken by another worker.")
    return Run.objects.get(pk=number)


def renew(number: int, worker: str, now: datetime, *, finished_task: bool = False) -> None:
    """Extend the lease, as the last statement of what the worker wrote. Raises Conflict when the lease is lost."""
    changes: dict[str, object] = {"claimed_until": now + LEASE}
    if finished_task:
        changes["attempts"] = 1
    held = Run.objects.filter(Q(pk=number, claimed_by=worker), state__in=OPEN_RUN_STATES)
    if not held.update(**changes):
        raise Conflict(f"Run {number} is no longer held by this worker.")


def release(number: int, worker: str, now: datetime) -> None:
    """Give the run back to whoever claims it next."""
    held = Run.objects.filter(pk=number, claimed_by=worker, state__in=OPEN_RUN_STATES)
    held.update(claimed_by="", claimed_until=now)
