"""Daily snapshots of metrics: what trends and tiles read instead of counting again."""

from django.db import models


class Snapshot(models.Model):
    """The value of a metric on a day: a part of a whole, of the day's last published run.

    `dimension` splits a metric, for example by severity; it is empty for the whole.
    """

    metric = models.CharField(max_length=40)
    dimension = models.CharField(max_length=20, blank=True)
    day = models.DateField()
    run_number = models.PositiveBigIntegerField()
    part = models.PositiveBigIntegerField()
    whole = models.PositiveBigIntegerField()
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = ["metric", "dimension", "day"]
        constraints = [models.UniqueConstraint(fields=["metric", "dimension", "day"], name="snapshot_unique")]
        indexes = [models.Index(fields=["day"])]

    def __str__(self) -> str:
        return f"{self.metric} {self.dimension} on {self.day}: {self.part} of {self.whole}".replace("  ", " ")
