"""How many calls a connection takes at once."""

from django.db import models

from apps.connectors.models.connection import Connection

#: Calls of one connection at the same time, over all processes (reliability.md §4, "Per connector").
CONCURRENCY = 2


class Slot(models.Model):
    """A place for one call. It is free when nobody holds it or the holder's lease has ended."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    token = models.CharField(max_length=32, blank=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="slot_once")]
