"""What was last known of people and assets, so that a change of it asks for a review."""

from django.db import models

from apps.reviews.states import Fact


class Watched(models.Model):
    """The last known value of a fact of a person or an asset, and when it last changed; the first look is no change."""

    fact = models.CharField(max_length=5, choices=Fact.choices)
    subject_id = models.UUIDField()
    value = models.CharField(max_length=300, blank=True)
    before = models.CharField(max_length=300, blank=True)
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact", "subject_id"], name="review_watched_once")]
        indexes = [
            models.Index(
                fields=["fact", "changed_at"], condition=models.Q(changed_at__isnull=False), name="review_moved"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_fact_display()}: {self.value}"
