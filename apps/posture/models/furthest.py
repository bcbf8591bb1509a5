"""The rollup of the assets furthest from proven, as a published run left them."""

from django.db import models

from apps.inventory.models import Asset
from apps.posture.models.run import Run


class FurthestAsset(models.Model):
    """One of the few tier-1 assets that were furthest from proven after a run, by rank, with its score then."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="furthest")
    rank = models.PositiveSmallIntegerField()
    of = models.PositiveIntegerField(help_text="How many tier-1 assets had a score")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+")
    met = models.PositiveIntegerField()
    failing = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField()
    not_evaluated = models.PositiveIntegerField()
    open_critical = models.PositiveIntegerField()
    open_high = models.PositiveIntegerField()
    oldest_due_on = models.DateField(null=True)

    class Meta:
        ordering = ["run", "rank"]
        constraints = [models.UniqueConstraint(fields=["run", "rank"], name="furthest_unique")]

    def __str__(self) -> str:
        return f"{self.rank} of run {self.run_id}"

    @property
    def applicable(self) -> int:
        """Return the number of results that count: everything but not applicable."""
        return self.met + self.failing + self.accepted + self.not_evaluated
