"""Celery tasks of connections: an id in, one service call."""

from uuid import UUID

from celery import shared_task

from apps.connectors.services.checking import check_due


@shared_task(name="connectors.check_health")
def check_health(connection_id: str) -> None:
    """Test one connection; lost or doubled it does no harm."""
    check_due(UUID(connection_id))
