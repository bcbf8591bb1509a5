"""Assets, identities and sources as the API gives them. Raw records stay inside."""

from typing import Any

from rest_framework import serializers

from apps.inventory.models import Asset, Credential, Factor, Identity, Import, Source


class NamedSerializer(serializers.Serializer[Any]):
    """Something by id and name."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """An asset; `owner` only where confirmed."""

    owner = serializers.SerializerMethodField()
    parent: Any = serializers.UUIDField(source="parent_id", allow_null=True)

    class Meta:
        model = Asset
        fields = [
            "id", "kind", "slug", "name", "version", "parent", "stage", "aliases", "description", "environment",
            "classification", "tier", "tier_confirmed", "business_unit", "serialisation", "runs_code", "licence",
            "content_digest", "owner", "owner_confirmed_at", "disagreements", "first_seen_at", "last_seen_at",
            "gone_at",
        ]  # fmt: skip

    def get_owner(self, row: Asset) -> dict[str, str] | None:
        """Return id and name of the confirmed owner."""
        if row.owner is None or row.owner_confirmed_at is None:
            return None
        return {"id": str(row.owner.pk), "name": row.owner.name}


class FactorSerializer(serializers.ModelSerializer[Factor]):
    """A second factor."""

    class Meta:
        model = Factor
        fields = ["type", "strength", "active"]


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    """A credential, never its value."""

    class Meta:
        model = Credential
        fields = [
            "id",
            "kind",
            "name",
            "active",
            "created_on_source_at",
            "rotated_at",
            "last_used_at",
            "use_state",
            "expires_at",
        ]


class IdentitySerializer(serializers.ModelSerializer[Identity]):
    """An identity with its factors and credentials."""

    source: Any = NamedSerializer()
    person = NamedSerializer(allow_null=True)
    factors = FactorSerializer(many=True)
    credentials = CredentialSerializer(many=True)

    class Meta:
        model = Identity
        fields = [
            "id", "kind", "name", "login", "email", "source", "source_key", "person", "enabled", "is_admin",
            "password_sign_in", "mfa_known", "created_on_source_at", "last_used_at", "use_state", "department",
            "job_title", "observed_at", "factors", "credentials",
        ]  # fmt: skip


class ImportSerializer(serializers.ModelSerializer[Import]):
    """An import of a source with its counts."""

    class Meta:
        model = Import
        fields = [
            "number", "state", "observed_at", "created", "updated", "unchanged", "gone", "by_kind", "rejected_count",
            "complete", "digest", "finished_at",
        ]  # fmt: skip


class SourceSerializer(serializers.ModelSerializer[Source]):
    """A source."""

    class Meta:
        model = Source
        fields = ["id", "name", "format", "observed_at", "main_records", "is_sample", "created_at", "retired_at"]
