"""How long an exception may last, and the last number that was given."""

from django.db import models

from apps.governance.states import Severity


class ExceptionLimit(models.Model):
    """The most days from asking to the end date, for a severity; without a row the default holds."""

    severity = models.CharField(max_length=8, choices=Severity.choices, primary_key=True)
    days = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.severity}: {self.days} days"


class ExceptionNumber(models.Model):
    """One row: the last number given. Whoever asks locks it, so that two who ask at once get two numbers."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"EX-{self.last}"
