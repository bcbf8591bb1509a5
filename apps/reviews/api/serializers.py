"""What the API tells of reviews, and what it takes."""

from typing import Any

from rest_framework import serializers

from apps.core.api.bodies import Body
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.states import Choice

ANSWERS = [(choice.value, choice.label) for choice in Choice if choice != Choice.WITHDRAW]


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """A review; counts are of its items, those that vanished by themselves left out."""

    code = serializers.CharField()
    series = serializers.IntegerField(source="series_id", allow_null=True)
    live = serializers.IntegerField(help_text="Items that did not vanish by themselves.")
    answered = serializers.IntegerField(help_text="Of these, answered by a person or by default.")
    unproven = serializers.IntegerField(help_text="Of these, revoked and not yet seen gone.")

    class Meta:
        model = Campaign
        fields = [
            "number", "code", "name", "series", "trigger", "state", "stage", "scope", "stages", "default_choice",
            "items_count", "snapshot_hash", "created_at", "opened_at", "due_at", "sealed_at", "closed_at", "live",
            "answered", "unproven",
        ]  # fmt: skip


class ItemSerializer(serializers.ModelSerializer[Item]):
    """One access under review: what was shown, and where it stands."""

    campaign = serializers.IntegerField(source="campaign_id")
    asset: Any = serializers.UUIDField(source="asset_id", allow_null=True)
    reviewer = serializers.UUIDField(source="reviewer_id", allow_null=True)
    decided_by = serializers.UUIDField(source="decided_by_id", allow_null=True)
    reasons: Any = serializers.SerializerMethodField()

    class Meta:
        model = Item
        fields = [
            "number", "campaign", "subject_kind", "subject_id", "holder_kind", "holder_label", "asset", "asset_label",
            "operation", "tier", "privileged", "origin", "granted_at", "expires_at", "last_used_at", "never_used",
            "peers_with", "peers_of", "reasons", "digest", "pile", "stage", "reviewer", "state", "decision",
            "decided_by", "decided_at", "defaulted", "ended_at",
        ]  # fmt: skip

    def get_reasons(self, row: Item) -> list[str]:
        """Return why it lies in its pile."""
        return [reason.value for reason in row.reason_list]


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """One answer; the latest before sealing counts."""

    reviewer = serializers.UUIDField(source="reviewer_id", allow_null=True)
    on_behalf_of = serializers.UUIDField(source="on_behalf_of_id", allow_null=True)
    bulk = serializers.IntegerField(source="bulk_id", allow_null=True)

    class Meta:
        model = Decision
        fields = [
            "number", "stage", "reviewer", "on_behalf_of", "choice", "note", "less", "defaulted", "bulk", "digest",
            "at",
        ]  # fmt: skip


class ItemDetailSerializer(ItemSerializer):
    """An item with its answers in order."""

    decisions = DecisionSerializer(many=True)

    class Meta(ItemSerializer.Meta):
        fields = [*ItemSerializer.Meta.fields, "decisions"]


class Answered(Body):
    """An answer to an item; `digest` is the item's as it was shown."""

    choice = serializers.ChoiceField(choices=ANSWERS)
    digest = serializers.CharField(max_length=64)
    note = serializers.CharField(max_length=500, required=False)
    less = serializers.DictField(required=False, help_text="Of a reduction: `operation`, `until` or `just_in_time`.")
    on_behalf_of = serializers.UUIDField(required=False, help_text="Whom one stands in for.")


class TakenBack(Body):
    """An answer taken back."""

    on_behalf_of = serializers.UUIDField(required=False, help_text="Whom one stands in for.")
