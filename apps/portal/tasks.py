"""Long work of the portal."""

from celery import shared_task

from apps.portal.services.loading import load_sample


@shared_task(name="portal.load_sample")
def load() -> None:
    """Load the sample organisation; a second call finds the portal filled and changes nothing."""
    load_sample()
