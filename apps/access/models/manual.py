"""Tasks of people who give and take access by hand at targets that no program reaches."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.access.models.grant import Grant
from apps.access.models.held import HeldOperation
from apps.access.states import TaskKind
from apps.core.actor import Actor, Role

USER = settings.AUTH_USER_MODEL


class ManualTaskQuerySet(models.QuerySet["ManualTask"]):
    """Tasks by hand."""

    def open(self) -> Self:
        """Return the tasks nobody has confirmed; one whose grant has moved on is superseded, and no task any more."""
        return self.filter(done_at__isnull=True, superseded_at__isnull=True)

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else those of grants and held operations on assets one owns or whose team one manages."""
        if actor.sees_all:
            return self
        if actor.user_id is None:
            return self.none()
        seen = Q(grant__asset__owner__user_id=actor.user_id) | Q(held__request__asset__owner__user_id=actor.user_id)
        if actor.has(Role.MANAGER) and actor.managed_team_ids:
            seen |= Q(grant__asset__team_id__in=actor.managed_team_ids)
            seen |= Q(held__request__asset__team_id__in=actor.managed_team_ids)
        return self.filter(seen)


class ManualTask(models.Model):
    """Give, take or run something by hand, once for each generation of a grant; confirmed with proof by a person who
    is neither the holder nor the requester."""

    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="tasks")
    held = models.ForeignKey(HeldOperation, null=True, on_delete=models.PROTECT, related_name="tasks")
    generation = models.PositiveIntegerField(default=0)
    kind = models.CharField(max_length=4, choices=TaskKind.choices)
    instructions = models.CharField(max_length=1000)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="manual_tasks_done")
    proof = models.CharField(max_length=2000, blank=True)

    objects = ManualTaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(grant__isnull=False, held__isnull=True) | Q(grant__isnull=True, held__isnull=False),
                name="manual_task_of_one",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | (~Q(proof="") & Q(done_by__isnull=False)),
                name="manual_task_done_with_proof",
            ),
            models.CheckConstraint(condition=Q(due_at__gte=F("created_at")), name="manual_task_due_later"),
            models.UniqueConstraint(
                fields=["grant", "generation", "kind"], condition=Q(grant__isnull=False), name="manual_task_once"
            ),
            models.UniqueConstraint(fields=["held"], condition=Q(held__isnull=False), name="manual_task_once_held"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
