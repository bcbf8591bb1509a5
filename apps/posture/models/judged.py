"""The temporary table of a preview, as a model."""

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
