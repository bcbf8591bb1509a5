"""The task that carries a grant. It takes the number only; lost or doubled it does no harm."""

from celery import shared_task

from apps.access.services.carrying import carry as carry_grant


@shared_task(name="access.carry")
def carry(number: int) -> None:
    """Do what is due for a grant; one that another worker holds is left to it."""
    carry_grant(number)
