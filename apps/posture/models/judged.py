"""The temporary tables of a preview and of a publication, as models."""

from django.db import models


class Judged(models.Model):
    """What a check would find with other parameters."""

    subject_id = models.UUIDField(primary_key=True)
    outcome = models.CharField(max_length=14)

    class Meta:
        managed = False
        db_table = "posture_temp_judged"

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.outcome}"


class Turned(models.Model):
    """A span that turns from failing to accepted, or back, in the run that is being published."""

    span = models.BigIntegerField(primary_key=True)
    outcome = models.CharField(max_length=14)

    class Meta:
        managed = False
        db_table = "posture_temp_turned"

    def __str__(self) -> str:
        return f"{self.span}: {self.outcome}"
