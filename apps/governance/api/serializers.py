"""Exceptions as the API gives and takes them."""

from rest_framework import serializers

from apps.core.api.bodies import Body
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.services.asking import MAX_REASON
from apps.governance.states import ReferenceKind


class ExceptionVoteSerializer(serializers.ModelSerializer[ExceptionVote]):
    """A signature or a refusal."""

    voter = serializers.UUIDField(source="voter_id")

    class Meta:
        model = ExceptionVote
        fields = ["voter", "choice", "as_ciso", "reason", "at"]


class ExceptionSerializer(serializers.ModelSerializer[RiskException]):
    """An exception with its votes; it accepts something while it is active and `ends_on` has not passed."""

    name = serializers.CharField()
    asked_by = serializers.UUIDField(source="asked_by_id")
    reason = serializers.CharField(source="because")
    votes = ExceptionVoteSerializer(many=True)

    class Meta:
        model = RiskException
        fields = [
            "number", "name", "kind", "key", "label", "severity", "state", "reason", "ends_on", "needed", "asked_by",
            "asked_at", "active_at", "ended_at", "end_reason", "end_note", "covers_check", "covers_kind", "covers_id",
            "comp_check", "comp_kind", "comp_id", "comp_label", "votes",
        ]  # fmt: skip


class AskBody(Body):
    """What is asked for: `key` is the number of a finding or a grant, or the id of an entitlement or a review item."""

    kind = serializers.ChoiceField(choices=ReferenceKind.choices)
    key = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=MAX_REASON)
    compensating = serializers.CharField(max_length=80, help_text="check:kind:id of a check that is met now")
    ends_on = serializers.DateField(help_text="The last day")


class SignBody(Body):
    """A word with a signature."""

    reason = serializers.CharField(max_length=MAX_REASON, required=False, allow_blank=True, default="")
