"""Proposals of roles. A role itself is membership of the group of its name."""

import uuid

from django.db import models
from django.db.models import F, Q

from apps.accounts.models.user import User
from apps.accounts.states import OPEN, RoleChangeState
from apps.core.actor import ROLE_LABELS, Role


class RoleChange(models.Model):
    """One administrator's proposal that a user be given a role, and what became of it.

    `proposed_by` and `decided_by` are empty where the command line acted (docs/decisions/0002-roles.md).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_changes")
    role = models.CharField(max_length=20, choices=[(role.value, label) for role, label in ROLE_LABELS.items()])
    reason = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=9, choices=RoleChangeState.choices, default=RoleChangeState.PROPOSED)
    proposed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="proposed_role_changes")
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="decided_role_changes")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(state__in=sorted(OPEN)), name="role_change_one_open"
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True) | ~Q(proposed_by=F("user")), name="role_change_not_for_oneself"
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(decided_by__isnull=True)
                | (~Q(decided_by=F("user")) & (Q(proposed_by__isnull=True) | ~Q(decided_by=F("proposed_by")))),
                name="role_change_two_people",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.get_role_display()} for {self.user}"

    @property
    def role_value(self) -> Role:
        """Return the role proposed."""
        return Role(self.role)
