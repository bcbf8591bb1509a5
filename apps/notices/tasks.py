"""The wake-up of the outbox. What is due stands in the database, so a lost or doubled one costs nothing."""

from celery import shared_task

from apps.core.actor import system
from apps.notices.services import send_due


@shared_task(name="notices.send_due")
def send() -> None:
    """Send a slice of what is due."""
    send_due(actor=system("worker"))
