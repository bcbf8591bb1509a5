"""An audit event as the API gives it."""

from typing import Any

from rest_framework import serializers

from apps.audit.models import Entry
from apps.audit.queries.events import describe


class EventSerializer(serializers.ModelSerializer[Entry]):
    """The entry's facts, its exact bytes (base64) and leaf hash, and its details unless they were erased."""

    actor = serializers.SerializerMethodField()
    subject = serializers.SerializerMethodField()
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()
    details = serializers.SerializerMethodField()
    title = serializers.SerializerMethodField()
    leaf_hash = serializers.SerializerMethodField()

    class Meta:
        model = Entry
        fields = [
            "id", "log", "seq", "at", "action", "title", "outcome", "actor", "subject", "before", "after", "details",
            "request_id", "leaf_hash",
        ]  # fmt: skip

    def get_actor(self, row: Entry) -> dict[str, str]:
        """Return kind, id and label of the actor."""
        return {"kind": row.actor_kind, "id": row.actor_id, "label": describe(row).actor_label}

    def get_subject(self, row: Entry) -> dict[str, str]:
        """Return kind, id and label of the subject."""
        return {"kind": row.subject_kind, "id": row.subject_id, "label": describe(row).subject_label}

    def get_before(self, row: Entry) -> str:
        """Return the state before."""
        return str(describe(row).fields.get("before", ""))

    def get_after(self, row: Entry) -> str:
        """Return the state after."""
        return str(describe(row).fields.get("after", ""))

    def get_details(self, row: Entry) -> dict[str, Any] | None:
        """Return the details, or null where they were erased."""
        event = describe(row)
        return None if event.erased_at is not None else event.details.get("facts")

    def get_title(self, row: Entry) -> str:
        """Return the action in plain words."""
        return describe(row).title

    def get_leaf_hash(self, row: Entry) -> str:
        """Return the leaf hash, hexadecimal."""
        return bytes(row.leaf).hex()
