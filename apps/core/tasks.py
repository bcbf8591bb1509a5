"""The wake-up that beat sends: due work is found in the database, so a lost or doubled one costs nothing."""

from celery import shared_task

from apps.core.reconcile import run_once


@shared_task(name="core.wake")
def wake() -> None:
    """Run one round of the reconciler."""
    run_once()
