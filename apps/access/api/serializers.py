"""What the API tells of requests and grants."""

from rest_framework import serializers

from apps.access.models import AccessRequest, Grant


class RequestSerializer(serializers.ModelSerializer[AccessRequest]):
    """A request for access."""

    name = serializers.CharField()
    asset = serializers.UUIDField(source="asset_id")
    requester = serializers.UUIDField(source="requester_id")
    beneficiary = serializers.UUIDField(source="beneficiary_id")

    class Meta:
        model = AccessRequest
        fields = [
            "number", "name", "asset", "asset_label", "operation", "minutes", "tier", "requester", "beneficiary",
            "reason", "ticket", "state", "stage", "stage_due_at", "created_at", "expires_at", "decided_at",
            "outcome_reason", "policy_ids", "origin",
        ]  # fmt: skip


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """Access that was granted for a time, with what was last seen at its target."""

    name = serializers.CharField()
    request = serializers.IntegerField(source="request_id", allow_null=True)
    asset = serializers.UUIDField(source="asset_id")
    holder = serializers.UUIDField(source="holder_id")

    class Meta:
        model = Grant
        fields = [
            "number", "name", "request", "asset", "asset_label", "operation", "holder", "tier", "minutes", "emergency",
            "state", "start_at", "activated_at", "expires_at", "ending_at", "ended_at", "end_reason", "desired",
            "observed", "observed_at",
        ]  # fmt: skip
