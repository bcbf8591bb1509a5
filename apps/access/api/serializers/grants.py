"""What the API tells of grants."""

from typing import Any

from rest_framework import serializers

from apps.access.api.serializers.requests import PermitSerializer, permits
from apps.access.models import Grant, Receipt
from apps.access.rules.grants import can_release, can_revoke
from apps.access.rules.requests import can_extend
from apps.access.rules.tokens import can_take_token

RECEIPTS = 100


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """Access that was granted for a time, with what was last seen at its target."""

    name = serializers.CharField()
    request = serializers.IntegerField(source="request_id", allow_null=True)
    asset: Any = serializers.UUIDField(source="asset_id")
    holder = serializers.UUIDField(source="holder_id")

    class Meta:
        model = Grant
        fields = [
            "number", "name", "request", "asset", "asset_label", "operation", "holder", "tier", "minutes", "emergency",
            "state", "start_at", "activated_at", "expires_at", "ending_at", "ended_at", "end_reason", "desired",
            "observed", "observed_at",
        ]  # fmt: skip


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    """What was done or seen at the target; secrets were never kept."""

    class Meta:
        model = Receipt
        fields = ["carried", "worked", "observed", "evidence", "generation", "at"]


class GrantDetailSerializer(GrantSerializer):
    """A grant with its newest receipts and what the caller may do now."""

    receipts = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    class Meta(GrantSerializer.Meta):
        fields = [*GrantSerializer.Meta.fields, "receipts", "actions"]

    def get_receipts(self, row: Grant) -> ReceiptSerializer:
        """Return the newest receipts, newest first."""
        return ReceiptSerializer(row.receipts.order_by("-pk")[:RECEIPTS], many=True).data  # type: ignore[return-value]

    def get_actions(self, row: Grant) -> PermitSerializer:
        """Return what the caller may do, with the reason where not."""
        actor = self.context["actor"]
        found = {
            "extend": can_extend(actor, row, self.context["now"]), "release": can_release(actor, row),
            "revoke": can_revoke(actor, row), "token": can_take_token(actor, row),
        }  # fmt: skip
        return PermitSerializer(permits(found), many=True).data  # type: ignore[return-value]


class TokenSerializer(serializers.Serializer[Any]):
    """An access token (RFC 9068), given this once. It lasts five minutes at most and never outlives its grant."""

    access_token = serializers.CharField(source="text")
    token_type = serializers.SerializerMethodField()
    expires_at = serializers.DateTimeField()

    def get_token_type(self, row: Any) -> str:
        """Return how it is presented (RFC 6750)."""
        return "Bearer"
