"""Held operations: the operation itself is asked for, approved, and run once exactly as approved."""

from django.db import models

from apps.access.models.request import AccessRequest
from apps.access.models.target import Binding
from apps.access.states import HeldState


class HeldOperation(models.Model):
    """The payload of a held operation with the digest of the artifact it is about."""

    request = models.OneToOneField(AccessRequest, on_delete=models.PROTECT, related_name="held")
    payload = models.JSONField()
    payload_digest = models.CharField(max_length=64)
    artifact_digest = models.CharField(max_length=128)
    state = models.CharField(max_length=8, choices=HeldState.choices, default=HeldState.WAITING)
    run_by = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)
    binding = models.ForeignKey(Binding, null=True, on_delete=models.PROTECT, related_name="held_operations")
    claimed_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When the reconciler has to see to it next")
    attempts = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="held_due")]

    def __str__(self) -> str:
        return self.get_state_display()
