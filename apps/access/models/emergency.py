"""Break-glass: who may, what was used, and the review that follows."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.access.models.grant import Grant
from apps.access.states import AfterReviewState

USER = settings.AUTH_USER_MODEL


class EmergencyPermit(models.Model):
    """A person who may break the glass until a date; given by one administrator and confirmed by another."""

    user = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="emergency_permits")
    proposed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    until_on = models.DateField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True)
                | (~Q(confirmed_by=F("proposed_by")) & ~Q(confirmed_by=F("user"))),
                name="emergency_permit_two_people",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True) | ~Q(proposed_by=F("user")), name="emergency_permit_not_oneself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} until {self.until_on}"


class BreakGlass(models.Model):
    """One use: the grant it gave, why, and whose approval was skipped."""

    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="break_glass")
    user = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="break_glass_uses")
    reason = models.CharField(max_length=2000)
    skipped = models.JSONField(default=list, help_text="Ids of the approvers whose decision was skipped")
    drill = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"Break-glass of {self.at:%Y-%m-%d}"


class AfterReview(models.Model):
    """The review of a break-glass by someone uninvolved, within a working day."""

    break_glass = models.OneToOneField(BreakGlass, on_delete=models.PROTECT, related_name="after_review")
    holder = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="after_reviews_owed")
    state = models.CharField(max_length=11, choices=AfterReviewState.choices, default=AfterReviewState.OPEN)
    due_at = models.DateTimeField()
    reviewer = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=2000, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder"], condition=Q(state=AfterReviewState.OPEN), name="after_review_one_open"
            ),
            models.CheckConstraint(
                condition=Q(reviewer__isnull=True) | ~Q(reviewer=F("holder")), name="after_review_by_someone_else"
            ),
        ]

    def __str__(self) -> str:
        return self.get_state_display()
