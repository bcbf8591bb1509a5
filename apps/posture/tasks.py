"""Tasks of runs. They carry the number only; lost or doubled they do no harm."""

import logging

from celery import shared_task

from apps.core.actor import system
from apps.core.errors import Conflict
from apps.posture.queries import where
from apps.posture.services.executing import SLICE, execute_run

log = logging.getLogger(__name__)


@shared_task(name="posture.execute_run")
def execute(number: int) -> None:
    """Execute a run; a run that another worker holds is left to it."""
    try:
        execute_run(actor=system("worker"), number=number, seconds=SLICE)
    except Conflict as conflict:
        log.info("run not executed here", extra={"run": number, "reason": conflict.reason})


@shared_task(name="posture.count_places")
def count_places(number: int) -> None:
    """Count what pillar pages tell by place; lost, the first to look waits for it."""
    where.count_places(number)
