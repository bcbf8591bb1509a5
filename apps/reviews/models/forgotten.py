"""What may be forgotten: campaigns of the sample organisation, named to the triggers that guard evidence."""

from django.db import models


class Forgotten(models.Model):
    """The number of a campaign whose evidence the append-only triggers let go."""

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"CR-{self.number}"
