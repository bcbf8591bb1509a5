"""Work for later: the one place that knows whether a broker exists.

A job is only a wake-up for due work that stands in the database; losing or doubling it costs nothing.
"""

import logging
from collections.abc import Callable
from typing import Any

from celery import current_app
from django.db import transaction

from apps.core.registry import Registry

log = logging.getLogger(__name__)


def enqueue(task: str, *ids: str | int) -> None:
    """Send a task by name with ids after the commit. A broker that is away is logged; the reconciler finds the row."""
    transaction.on_commit(lambda: _send(task, ids), robust=True)


def _send(task: str, ids: tuple[str | int, ...]) -> None:
    try:
        current_app.send_task(task, args=list(ids))
    except Exception as problem:
        log.warning("broker unavailable, left to the reconciler", extra={"task": task, "problem": str(problem)})


#: Steps of the reconciler: each takes nothing, does due work from the database and returns how many rows it moved.
RECONCILERS: Registry[Callable[[], int]] = Registry("reconciler step")
#: Tasks by name for a process without a broker; filled by each app's `tasks.py`.
Task = Callable[..., Any]
