"""Which exceptions of the sample organisation may be, or were, forgotten."""

from django.db import models


class ForgottenException(models.Model):
    """An exception whose rows the database lets go of. Written only when the sample is removed, and kept.

    The triggers read this table and no other: SQLite checks every trigger when a table it names is rebuilt.
    """

    exception = models.UUIDField(primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.exception)
