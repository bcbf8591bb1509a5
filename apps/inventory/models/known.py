"""The temporary table of the people resolver, as a model."""

from django.db import models


class KnownPerson(models.Model):
    """By what a person is known: `via` (id, email, login, name) and the value in lower case; one person's only."""

    key = models.CharField(max_length=700, primary_key=True)
    via = models.CharField(max_length=20)
    person = models.CharField(max_length=36)

    class Meta:
        managed = False
        db_table = "inventory_temp_known"

    def __str__(self) -> str:
        return f"{self.via} {self.key}"
