"""Notices that people read here, messages on their way out, channels, and who wants no mail."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.core.actor import Actor, Role
from apps.notices.states import CHANNEL_MEDIA, DeliveryState, Medium


class Told(models.Model):
    """One fact in words, about one subject. `once_key` names the fact: it is told once to each recipient."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    once_key = models.CharField(max_length=200)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    lines = models.JSONField(default=list)
    action = models.CharField(max_length=60)
    url = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices."""

    def visible_to(self, actor: Actor) -> Self:
        """Return one's own, and nobody else's: not even an administrator reads what others were told."""
        return self.filter(user_id=actor.user_id) if actor.user_id else self.none()

    def unread(self) -> Self:
        """Return those that were not marked as read."""
        return self.filter(read_at__isnull=True)


class Notice(Told):
    """A fact told to one person in the portal."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "once_key", "user"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notice_of_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["read_at"], condition=Q(read_at__isnull=False), name="notice_read_at"),
        ]

    def __str__(self) -> str:
        return self.title


class ChannelQuerySet(models.QuerySet["Channel"]):
    """Channels."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all for those who keep or audit the portal."""
        return self if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.AUDITOR) else self.none()

    def present(self) -> Self:
        """Return those that were not removed."""
        return self.filter(removed_at__isnull=True)


class Channel(models.Model):
    """A chat room or webhook that hears of the kinds it lists. `sealed` holds address and secret, `place` the host."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    medium = models.CharField(max_length=7, choices=[(medium.value, medium.label) for medium in CHANNEL_MEDIA])
    place = models.CharField(max_length=255)
    sealed = models.TextField(blank=True)
    kinds = models.JSONField(default=list)
    enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="notice_channels")
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name", "created_at"]
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(removed_at__isnull=True), name="notice_channel_name"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(sealed="", enabled=False),
                name="notice_channel_removed_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Messages on their way out."""

    def visible_to(self, actor: Actor) -> Self:
        """Return all for those who keep or audit the portal; their pages show no body of a message."""
        return self if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.AUDITOR) else self.none()

    def waiting(self) -> Self:
        """Return those that are still owed."""
        return self.filter(state=DeliveryState.WAITING)

    def due(self, now: datetime) -> Self:
        """Return those that may be tried at `now` and that nobody holds."""
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
        return self.waiting().filter(free, due_at__lte=now)


class Delivery(Told):
    """A message owed by mail to a person, or by chat or webhook to a channel. Its id is the idempotency key."""

    medium = models.CharField(max_length=7, choices=Medium.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="owed_messages")
    channel = models.ForeignKey(Channel, null=True, on_delete=models.PROTECT, related_name="messages")
    state = models.CharField(max_length=7, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "once_key", "user"], condition=Q(user__isnull=False), name="delivery_once_per_user"
            ),
            models.UniqueConstraint(
                fields=["kind", "once_key", "channel"],
                condition=Q(channel__isnull=False),
                name="delivery_once_per_channel",
            ),
            models.CheckConstraint(
                condition=Q(medium=Medium.MAIL, user__isnull=False, channel__isnull=True)
                | (~Q(medium=Medium.MAIL) & Q(user__isnull=True, channel__isnull=False)),
                name="delivery_has_one_recipient",
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.WAITING, ended_at__isnull=True)
                | (~Q(state=DeliveryState.WAITING) & Q(ended_at__isnull=False)),
                name="delivery_ends_once",
            ),
            models.CheckConstraint(condition=Q(give_up_at__gt=F("created_at")), name="delivery_has_time"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=["state", "-ended_at"], name="delivery_ended"),
        ]

    def __str__(self) -> str:
        return self.title


class Preference(models.Model):
    """Whether a person wants a kind by mail, where that is not what the kind starts with."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notice_preferences")
    kind = models.CharField(max_length=60)
    by_mail = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="notice_preference_once")]
