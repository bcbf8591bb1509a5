"""Requests with the people they are put to, their votes and messages. Nothing here is deleted: it is evidence."""

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from apps.access.models.policy import PolicyVersion
from apps.access.states import OPEN_REQUESTS, Choice, RequestState
from apps.core.actor import Actor
from apps.inventory.models import Asset

USER = settings.AUTH_USER_MODEL


class Bundle(models.Model):
    """Requests asked for together; its state is derived from theirs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    requester = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    idempotency_key = models.CharField(max_length=200, blank=True)
    fingerprint = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of what was asked for, where a repeat has to be the very same",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requester", "idempotency_key"], condition=~Q(idempotency_key=""), name="bundle_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RequestQuerySet(models.QuerySet["AccessRequest"]):
    """Requests."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else those one asked for or benefits from, and those one is or was asked to decide."""
        if actor.sees_all:
            return self
        if actor.user_id is None:
            return self.none()
        asked = Asked.objects.filter(request_id=OuterRef("pk"), user_id=actor.user_id)
        return self.filter(Q(requester_id=actor.user_id) | Q(beneficiary_id=actor.user_id) | Exists(asked))

    def waiting(self) -> Self:
        """Return requests that still wait for an answer."""
        return self.filter(state__in=OPEN_REQUESTS)


class AccessRequest(models.Model):
    """Somebody asks that a beneficiary may do an operation on an asset for some minutes.

    `route` is the frozen list of stages, `stage` the one that is open (1-based; 0 where none is needed), `digest` the
    SHA-256 of what an approver was shown: every vote carries it, and a change of it voids earlier votes.
    """

    number = models.BigAutoField(primary_key=True)
    bundle = models.ForeignKey(Bundle, null=True, on_delete=models.PROTECT, related_name="requests")
    requester = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="access_requests")
    beneficiary = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="access_requested_for")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="access_requests")
    asset_label = models.CharField(max_length=700)
    operation = models.CharField(max_length=40)
    minutes = models.PositiveIntegerField()
    start_at = models.DateTimeField(null=True, help_text="Empty: when granted")
    reason = models.CharField(max_length=2000)
    ticket = models.CharField(max_length=60, blank=True)
    tier = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.PENDING)
    stage = models.PositiveSmallIntegerField(default=0)
    stage_due_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    route = models.JSONField(default=list)
    policy_version = models.ForeignKey(PolicyVersion, null=True, on_delete=models.PROTECT, related_name="requests")
    policy_ids = models.JSONField(default=list, help_text="The policies that decided")
    digest = models.CharField(max_length=64)
    artifact_digest = models.CharField(max_length=128, blank=True)
    extends = models.ForeignKey("access.Grant", null=True, on_delete=models.PROTECT, related_name="extensions")
    counter_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="counter_offers")
    origin = models.CharField(max_length=10, default="page", help_text="page, api, authzen")
    outcome_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="Not answered by then: expired")
    decided_at = models.DateTimeField(null=True)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=Q(minutes__gt=0), name="request_lasts"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_REQUESTS, decided_at__isnull=True)
                | (~Q(state__in=OPEN_REQUESTS) & Q(decided_at__isnull=False)),
                name="request_decided_at_when_decided",
            ),
            models.UniqueConstraint(
                fields=["beneficiary", "asset", "operation"],
                condition=Q(state__in=OPEN_REQUESTS),
                name="request_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "expires_at"]),
            models.Index(fields=["operation", "tier", "created_at"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the number as people write it, for example REQ-4471."""
        return f"REQ-{self.number}"


class Asked(models.Model):
    """A person a stage of a request is put to: shown in their inbox and told. Whether they may still decide is asked
    again when they do (`rules.can_decide`)."""

    request = models.ForeignKey(AccessRequest, on_delete=models.PROTECT, related_name="asked")
    stage = models.PositiveSmallIntegerField()
    user = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="asked_to_approve")
    on_behalf_of = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=20, help_text="Approver rule, escalation or delegation")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "stage", "user"], name="asked_once")]

    def __str__(self) -> str:
        return f"{self.request_id}/{self.stage}: {self.user_id}"


class Vote(models.Model):
    """One vote, never changed: a vote is taken back by another one, and the latest of a person counts.

    `digest` is that of the request as it was shown.
    """

    request = models.ForeignKey(AccessRequest, on_delete=models.PROTECT, related_name="votes")
    stage = models.PositiveSmallIntegerField()
    voter = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="access_votes")
    on_behalf_of = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=8, choices=Choice.choices)
    reason = models.CharField(max_length=2000, blank=True)
    digest = models.CharField(max_length=64)
    strength = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["voter", "at"])]

    def __str__(self) -> str:
        return f"{self.get_choice_display()} ({self.at:%Y-%m-%d})"


class RequestMessage(models.Model):
    """A question of an approver, or an answer."""

    request = models.ForeignKey(AccessRequest, on_delete=models.PROTECT, related_name="messages")
    author = models.ForeignKey(USER, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, help_text="question, answer")
    text = models.CharField(max_length=2000)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]
