"""Decisions: append-only; the latest of an item before sealing counts."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.reviews.models.campaign import Campaign
from apps.reviews.models.item import Item
from apps.reviews.states import Choice

USER = settings.AUTH_USER_MODEL


class Sample(models.Model):
    """The random items a reviewer decides one by one before keeping the rest of *Used and usual* at once.

    `items` are numbers drawn from those undecided at the time, ordered, by `random.Random(seed)`: anyone can draw them
    again. Never changed.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="samples")
    stage = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    seed = models.CharField(max_length=32)
    items = models.JSONField()
    drawn_from = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["campaign", "stage", "reviewer"], name="review_sample_sheet")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.stage}: {self.reviewer_id}"


class Bulk(models.Model):
    """Several items decided at once: exactly the previewed set, whose digest it carries. Never changed."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="bulks")
    stage = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=8, choices=Choice.choices)
    digest = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    sample = models.ForeignKey(Sample, null=True, on_delete=models.PROTECT, related_name="bulks")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(choice=Choice.KEEP) | Q(sample__isnull=False), name="review_bulk_keep_has_a_sample"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_choice_display()} {self.count}"


class Decision(models.Model):
    """One answer. `defaulted` is the policy's, never a human vote; `digest` is the item's as it was shown.

    `second` marks the answer of a sampled second reviewer: it is compared, and counts for nothing else.
    """

    number = models.BigAutoField(primary_key=True)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="decisions")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="decisions")
    stage = models.PositiveSmallIntegerField()
    reviewer = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="review_decisions")
    on_behalf_of = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=8, choices=Choice.choices)
    note = models.CharField(max_length=500, blank=True)
    less = models.JSONField(
        default=dict, help_text="Of a reduction: `operation`, `until` (a date) or `just_in_time` true"
    )
    defaulted = models.BooleanField(default=False)
    second = models.BooleanField(default=False)
    bulk = models.ForeignKey(Bulk, null=True, on_delete=models.PROTECT, related_name="decisions")
    digest = models.CharField(max_length=64)
    strength = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(defaulted=True, reviewer__isnull=True) | Q(defaulted=False, reviewer__isnull=False),
                name="review_decision_is_someones_or_default",
            ),
            models.CheckConstraint(
                condition=~Q(choice=Choice.REDUCE) | ~Q(less={}), name="review_reduction_says_to_what"
            ),
        ]
        indexes = [models.Index(fields=["campaign", "reviewer", "at"], name="review_decision_pace")]

    def __str__(self) -> str:
        return f"{self.get_choice_display()} ({self.at:%Y-%m-%d})"
