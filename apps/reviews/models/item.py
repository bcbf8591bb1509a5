"""Items: one access each, as it was when the campaign was staged, and where its decision stands."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.actor import Actor
from apps.core.facts import FactField
from apps.governance.operations import verb_of
from apps.inventory.models import Asset, Person
from apps.reviews.models.campaign import Campaign, stands_in_for
from apps.reviews.states import OPEN_ITEMS, Choice, HolderKind, ItemState, Pile, Reason, Routed

USER = settings.AUTH_USER_MODEL
#: What an item is about may go; the item stays, as evidence of what was shown.
SHOWN: dict[str, Any] = {
    "null": True,
    "on_delete": models.DO_NOTHING,
    "related_name": "+",
    "db_constraint": False,
    "db_index": False,
}


class ItemQuerySet(models.QuerySet["Item"]):
    """Items."""

    def visible_to(self, actor: Actor) -> Self:
        """All for wide roles; else those put to oneself or to somebody one stands in for, once they are opened."""
        if actor.sees_all:
            return self
        if actor.user_id is None:
            return self.none()
        mine = Q(reviewer_id=actor.user_id) | Q(reviewer_id__in=stands_in_for(actor.user_id))
        return self.filter(mine, campaign__opened_at__isnull=False)

    def undecided(self) -> Self:
        """Return items that wait for an answer."""
        return self.filter(state=ItemState.OPEN)

    def decidable(self) -> Self:
        """Return items whose answer may still change."""
        return self.filter(state__in=OPEN_ITEMS)


class Item(models.Model):
    """One access of one holder, the snapshot first.

    `subject_kind` and `subject_id` name what it is (an entitlement, a grant, or what another app registered). `reasons`
    are Reason values, each followed by a blank. `digest` is over the snapshot columns (`queries.digests`), and a
    decision carries it. `pile`, `reviewer`, `stage`, `state` and `decision` move; the snapshot never does.
    """

    number = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="items", db_index=False)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=64)
    holder_kind = models.CharField(max_length=8, choices=HolderKind.choices, default=HolderKind.UNKNOWN)
    holder_label = models.CharField(max_length=320)
    holder_title = models.CharField(max_length=200, blank=True)
    holder_team = models.CharField(max_length=200, blank=True)
    holder_login = models.CharField(max_length=320, blank=True, help_text="Lower case")
    holder_email = models.CharField(max_length=320, blank=True, help_text="Lower case")
    holder_person = models.ForeignKey(Person, **SHOWN)
    holder_user = models.ForeignKey(USER, **SHOWN)
    asset = models.ForeignKey(Asset, **SHOWN)
    asset_label = models.CharField(max_length=700, blank=True)
    operation = models.CharField(max_length=200)
    tier = models.PositiveSmallIntegerField(null=True)
    privileged = FactField()
    origin = models.CharField(max_length=700, blank=True, help_text="How it came: source, or request")
    granted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    never_used = models.BooleanField(default=False)
    peers_with = models.PositiveIntegerField(null=True)
    peers_of = models.PositiveIntegerField(null=True)
    sole_approver = models.ForeignKey(USER, **SHOWN, help_text="The one whose approval alone gave it")
    sole_principal = models.ForeignKey(USER, **SHOWN, help_text="On whose behalf that one approved")
    reasons = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    pile = models.CharField(max_length=8, choices=Pile.choices, default=Pile.CLOSE)
    stage = models.PositiveSmallIntegerField(default=0)
    reviewer = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="review_items", db_index=False)
    routed = models.CharField(max_length=9, choices=Routed.choices, default=Routed.NOBODY)
    state = models.CharField(max_length=13, choices=ItemState.choices, default=ItemState.OPEN)
    decision = models.CharField(max_length=8, choices=Choice.choices, blank=True)
    decided_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    defaulted = models.BooleanField(default=False, help_text="By the policy, not by a person")
    suspended_at = models.DateTimeField(null=True, help_text="When it was suspended because nobody answered")
    ended_at = models.DateTimeField(null=True, help_text="When it was seen gone, moot, or its risk accepted")

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "subject_kind", "subject_id"], name="review_item_once"),
            models.CheckConstraint(
                condition=Q(state__in=[ItemState.OPEN, ItemState.MOOT]) | ~Q(decision=""),
                name="review_item_decided_says_what",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ItemState.REMEDIATING, ItemState.VERIFIED, ItemState.FAILED,
                                        ItemState.RISK_ACCEPTED])
                | Q(decision__in=[Choice.REVOKE, Choice.REDUCE]),
                name="review_item_removed_was_revoked",
            ),
            models.CheckConstraint(
                condition=Q(defaulted=False) | Q(decided_by__isnull=True), name="review_item_default_is_nobodys"
            ),
            models.CheckConstraint(
                condition=~Q(decision__in=[Choice.ABSTAIN, Choice.WITHDRAW]) | Q(state__in=[ItemState.DECIDED,
                                                                                           ItemState.MOOT]),
                name="review_item_sealed_has_an_answer",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["campaign", "reviewer", "pile", "state"], name="review_item_sheet"),
            models.Index(fields=["campaign", "state", "decision"], name="review_item_progress"),
            models.Index(fields=["subject_kind", "subject_id"], name="review_item_subject"),
            models.Index(fields=["reviewer", "state"], name="review_item_reviewer"),
        ]

    def __str__(self) -> str:
        return f"{self.holder_label}: {verb_of(self.operation)} ({self.asset_label})"

    @property
    def reason_list(self) -> list[Reason]:
        """Return the recorded reasons in order."""
        return [Reason(code) for code in self.reasons.split()]


class Routing(models.Model):
    """An item moved from one reviewer to another, and why; never changed."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="routings")
    stage = models.PositiveSmallIntegerField()
    before = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=9, choices=Routed.choices)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.get_why_display()}"
