"""What the API tells of requests: in a list, one with what was said and may be done, and its card for who decides."""

from typing import Any

from rest_framework import serializers

from apps.access.models import AccessRequest, RequestMessage
from apps.access.queries.card import Card
from apps.access.queries.progress import stages_of
from apps.access.rules import requests as rules
from apps.access.states import Choice
from apps.core.decision import Decision


class PermitSerializer(serializers.Serializer[Any]):
    """Something that may be done now, or why not."""

    name = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField()


def permits(decisions: dict[str, Decision]) -> list[dict[str, Any]]:
    """Return what may be done, in order."""
    return [{"name": name, "allowed": bool(one), "reason": one.reason} for name, one in decisions.items()]


class RequestSerializer(serializers.ModelSerializer[AccessRequest]):
    """A request for access."""

    name = serializers.CharField()
    asset: Any = serializers.UUIDField(source="asset_id")
    requester = serializers.UUIDField(source="requester_id")
    beneficiary = serializers.UUIDField(source="beneficiary_id")
    extends = serializers.IntegerField(source="extends_id", allow_null=True, help_text="The grant it extends.")
    counter_to = serializers.IntegerField(source="counter_to_id", allow_null=True, help_text="In place of which one.")

    class Meta:
        model = AccessRequest
        fields = [
            "number", "name", "asset", "asset_label", "operation", "minutes", "start_at", "tier", "requester",
            "beneficiary", "reason", "ticket", "state", "stage", "stage_due_at", "created_at", "expires_at",
            "decided_at", "outcome_reason", "policy_ids", "origin", "extends", "counter_to",
        ]  # fmt: skip


class MessageSerializer(serializers.ModelSerializer[RequestMessage]):
    """A question of an approver, or an answer."""

    author = serializers.CharField(source="author.name")

    class Meta:
        model = RequestMessage
        fields = ["kind", "author", "text", "at"]


class VoteSerializer(serializers.Serializer[Any]):
    """Who said what about it."""

    voter = serializers.CharField(source="voter.name")
    choice = serializers.ChoiceField(choices=Choice.choices)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class ProgressSerializer(serializers.Serializer[Any]):
    """A stage: whom it is put to, and who decided. `state` is done, open, stopped or later."""

    number = serializers.IntegerField()
    rule = serializers.CharField()
    need = serializers.IntegerField()
    state = serializers.CharField()
    people = serializers.SerializerMethodField()
    votes = VoteSerializer(many=True)

    def get_people(self, row: Any) -> list[str]:
        """Return their names."""
        return [person.name for person in row.people]


class RequestDetailSerializer(RequestSerializer):
    """A request with its stages, what was asked and answered, the grant it led to, and what the caller may do now."""

    grant = serializers.SerializerMethodField()
    stages = serializers.SerializerMethodField()
    messages = serializers.SerializerMethodField()
    actions = serializers.SerializerMethodField()

    class Meta(RequestSerializer.Meta):
        fields = [*RequestSerializer.Meta.fields, "grant", "stages", "messages", "actions"]

    def get_grant(self, row: AccessRequest) -> int | None:
        """Return the number of the grant."""
        return row.grant.pk if hasattr(row, "grant") else None

    def get_stages(self, row: AccessRequest) -> ProgressSerializer:
        """Return the stages in their order."""
        return ProgressSerializer(stages_of(row, self.context["now"]), many=True).data  # type: ignore[return-value]

    def get_messages(self, row: AccessRequest) -> MessageSerializer:
        """Return the messages, oldest first."""
        said = row.messages.select_related("author")
        return MessageSerializer(said, many=True).data  # type: ignore[return-value]

    def get_actions(self, row: AccessRequest) -> PermitSerializer:
        """Return what the caller may do, with the reason where not."""
        actor, now = self.context["actor"], self.context["now"]
        found = {"remind": rules.can_remind(actor, row, now), "withdraw": rules.can_withdraw(actor, row),
                 "answer": rules.can_answer(actor, row)}  # fmt: skip
        if not rules.has_asked(actor, row):
            found = {
                "approve": rules.can_decide(actor, row, now), "refuse": rules.can_refuse(actor, row, now),
                "ask": rules.can_ask(actor, row, now),
            }  # fmt: skip
        return PermitSerializer(permits(found), many=True).data  # type: ignore[return-value]


class SignalSerializer(serializers.Serializer[Any]):
    """A fact that speaks for or against it."""

    key = serializers.CharField()
    text = serializers.CharField()


class OfferSerializer(serializers.Serializer[Any]):
    """Less access that would do."""

    operation = serializers.CharField()
    minutes = serializers.IntegerField()
    tier = serializers.IntegerField()


class ReachSerializer(serializers.Serializer[Any]):
    """What the asset goes into; only what the caller may see is named."""

    total = serializers.IntegerField()
    more = serializers.BooleanField()
    production = serializers.IntegerField()
    names = serializers.ListField(child=serializers.CharField())


class CardSerializer(serializers.Serializer[Card]):
    """What an approver decides by. A decision binds to `digest`: it is void when anything of this changes."""

    digest = serializers.CharField()
    routine = serializers.BooleanField()
    look_at = SignalSerializer(many=True)
    checks_out = SignalSerializer(many=True)
    reaches = ReachSerializer(source="blast_radius")
    less = OfferSerializer(allow_null=True)
    effect = serializers.CharField()
