"""What the API tells of policies, of the ways in which access is carried, and of access that no grant explains."""

from typing import Any

from rest_framework import serializers

from apps.access.models import Binding, Orphan, PolicyVersion
from apps.access.queries.bindings import covers


class PolicySerializer(serializers.Serializer[Any]):
    """A policy in Cedar with its reason; what it decided in the last 90 days."""

    slug = serializers.CharField()
    title = serializers.CharField(source="policy.title")
    reason = serializers.CharField(source="policy.reason")
    remedy = serializers.CharField(source="policy.remedy")
    requestable = serializers.BooleanField(source="policy.requestable")
    effect = serializers.CharField()
    text = serializers.CharField(source="policy.text")
    decided = serializers.IntegerField()


class VersionSerializer(serializers.ModelSerializer[PolicyVersion]):
    """A version of the policies; who proposed and who confirmed it."""

    proposed_by = serializers.CharField(source="proposed_by.name", default=None, allow_null=True)
    confirmed_by = serializers.CharField(source="confirmed_by.name", default=None, allow_null=True)

    class Meta:
        model = PolicyVersion
        fields = ["number", "digest", "note", "in_force_at", "proposed_by", "confirmed_by"]


class VersionDetailSerializer(VersionSerializer):
    """A version with its policies by slug: Cedar text, title, reason and remedy."""

    policies = serializers.DictField(source="texts")

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "policies"]


class InForceSerializer(serializers.Serializer[Any]):
    """The policies in force."""

    version = VersionSerializer()
    policies = PolicySerializer(many=True)


class TargetSerializer(serializers.ModelSerializer[Binding]):
    """How access is carried: by what, over which connection (its name, never its secret), at which level."""

    connection = serializers.CharField(source="connection.name", default=None, allow_null=True)
    asset: Any = serializers.UUIDField(source="asset_id", allow_null=True)
    covers = serializers.SerializerMethodField()
    unfinished = serializers.IntegerField(help_text="Grants that are carried this way and have not ended.")

    class Meta:
        model = Binding
        fields = [
            "id", "provisioner", "connection", "asset", "asset_kind", "covers", "levels", "enabled", "unfinished",
            "scan_at", "scan_problem", "created_at",
        ]  # fmt: skip

    def get_covers(self, row: Binding) -> str:
        """Return in words which assets it is for."""
        return covers(row)


class OrphanSerializer(serializers.ModelSerializer[Orphan]):
    """Access at a target that carries our mark and that no grant explains."""

    target: Any = serializers.IntegerField(source="binding_id")

    class Meta:
        model = Orphan
        fields = ["id", "target", "account", "resource", "level", "first_seen_at", "last_seen_at"]
