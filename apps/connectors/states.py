"""What is known about a connection's health."""

from django.db import models

from apps.core.states import machine


class Health(models.TextChoices):
    """What the last use or test of a connection showed."""

    UNKNOWN = "unknown", "Not tested"
    HEALTHY = "healthy", "Healthy"
    FAILING = "failing", "Failing"


TONES = {Health.UNKNOWN: "unknown", Health.HEALTHY: "good", Health.FAILING: "bad"}

#: A changed address or secret makes health unknown again; each further observation confirms or turns it.
HEALTH = machine(
    "connection",
    {
        Health.UNKNOWN: [Health.HEALTHY, Health.FAILING, Health.UNKNOWN],
        Health.HEALTHY: [Health.HEALTHY, Health.FAILING, Health.UNKNOWN],
        Health.FAILING: [Health.FAILING, Health.HEALTHY, Health.UNKNOWN],
    },
)
