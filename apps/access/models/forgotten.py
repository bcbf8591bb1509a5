"""Which requests and grants of the sample organisation may be, or were, forgotten."""

from django.db import models


class ForgottenKind(models.TextChoices):
    """What a number counts."""

    REQUEST = "request", "Request"
    GRANT = "grant", "Grant"


class Forgotten(models.Model):
    """A number whose evidence the database lets go of. Written only when the sample is removed, and kept.

    The triggers of votes, receipts and messages read this table and no other: SQLite checks every trigger when a table
    it names is rebuilt, so nothing that changes often may stand in one.
    """

    kind = models.CharField(max_length=7, choices=ForgottenKind.choices)
    number = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number"], name="forgotten_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
