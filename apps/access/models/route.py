"""Who has to approve, by tier; and who decides for whom while away."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.access.states import ApproverRule

USER = settings.AUTH_USER_MODEL


class RouteStage(models.Model):
    """One stage of the route of a tier. Escalation adds approvers and never lowers `need`."""

    tier = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=16, choices=ApproverRule.choices)
    need = models.PositiveSmallIntegerField(default=1)
    answer_minutes = models.PositiveIntegerField(default=30)
    remind_minutes = models.PositiveIntegerField(default=15)
    escalate_to = models.CharField(max_length=16, choices=ApproverRule.choices, blank=True)
    fallback = models.CharField(max_length=16, choices=ApproverRule.choices, blank=True)

    class Meta:
        ordering = ["tier", "position"]
        constraints = [
            models.UniqueConstraint(fields=["tier", "position"], name="route_stage_unique"),
            models.CheckConstraint(condition=Q(need__gte=1, position__gte=1), name="route_stage_needs_someone"),
        ]

    def __str__(self) -> str:
        return f"Tier {self.tier}, stage {self.position}: {self.get_rule_display()}"


class Delegation(models.Model):
    """While away, `delegate` decides what `delegator` would; no chains, and every conflict of either counts."""

    delegator = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="delegations_given")
    delegate = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="delegations_held")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    strictest_tier = models.PositiveSmallIntegerField(default=2, help_text="1 includes tier 1 requests")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-from_at"]
        constraints = [
            models.CheckConstraint(condition=Q(until_at__gt=F("from_at")), name="delegation_has_window"),
            models.CheckConstraint(condition=~Q(delegator=F("delegate")), name="delegation_to_someone_else"),
        ]

    def __str__(self) -> str:
        return f"{self.delegator_id} → {self.delegate_id}"
