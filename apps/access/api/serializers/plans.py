"""What the API tells of a plan: what would become of a request, by whom, until when."""

from typing import Any

from rest_framework import serializers

from apps.access.queries.plan import Plan, PlannedStage
from apps.access.states import ApproverRule
from apps.governance.operations import OPERATIONS

#: Approvers of a stage that are named, as on the page; `eligible` counts all.
NAMED = 4


class StageSerializer(serializers.Serializer[PlannedStage]):
    """A stage of the route: how many of how many eligible people have to approve, and what follows silence."""

    rule = serializers.ChoiceField(choices=ApproverRule.choices)
    need = serializers.IntegerField()
    eligible = serializers.SerializerMethodField()
    people = serializers.SerializerMethodField(help_text=f"The first {NAMED} of them by name.")
    answer_minutes = serializers.IntegerField()
    escalate_to = serializers.CharField(help_text="Whom silence adds; empty for nobody.")

    def get_eligible(self, row: PlannedStage) -> int:
        """Return how many may approve."""
        return len(row.people)

    def get_people(self, row: PlannedStage) -> list[str]:
        """Return the first of them."""
        return [seat.who.name for seat in row.people[:NAMED]]


class ForecastSerializer(serializers.Serializer[Any]):
    """Eight in ten of `n` requests like this were answered within `minutes_80`."""

    n = serializers.IntegerField()
    minutes_80 = serializers.IntegerField()
    at = serializers.DateTimeField()


class PlanSerializer(serializers.Serializer[Plan]):
    """What becomes of a request: whether it may be made and why not, its tier, who decides, and until when it lasts.

    Without stages nobody has to approve. A request that is not `routed` is made and fails: nobody may approve it.
    """

    allowed = serializers.BooleanField(source="decision.allowed")
    reason = serializers.CharField(source="decision.reason")
    remedy = serializers.CharField()
    tier = serializers.IntegerField()
    max_minutes = serializers.IntegerField()
    routed = serializers.BooleanField()
    automatic = serializers.BooleanField()
    approvals = serializers.IntegerField()
    stages = StageSerializer(many=True)
    policies = serializers.ListField(child=serializers.CharField(), source="policy.policy_ids")
    conflicts = serializers.SerializerMethodField(help_text="Duties that conflict; a certain one refuses.")
    forecast = ForecastSerializer(allow_null=True)
    ends_at = serializers.DateTimeField()

    def get_conflicts(self, row: Plan) -> list[str]:
        """Return the conflicts in words."""
        return [conflict.sentence for conflict in row.conflicts]


class OptionSerializer(serializers.Serializer[Any]):
    """One thing that is done to this kind of asset: its words, whether the caller may ask for it, and its route."""

    operation = serializers.SerializerMethodField()
    verb = serializers.SerializerMethodField()
    consequence = serializers.SerializerMethodField()
    held = serializers.SerializerMethodField(help_text="Can be asked for as the operation itself, with a payload.")
    plan = serializers.SerializerMethodField()

    def get_operation(self, row: tuple[str, Plan]) -> str:
        """Return its key."""
        return row[0]

    def get_verb(self, row: tuple[str, Plan]) -> str:
        """Return it in words."""
        return OPERATIONS[row[0]].verb

    def get_consequence(self, row: tuple[str, Plan]) -> str:
        """Return what it leads to."""
        return OPERATIONS[row[0]].consequence

    def get_held(self, row: tuple[str, Plan]) -> bool:
        """Return whether a payload can be held."""
        return OPERATIONS[row[0]].held

    def get_plan(self, row: tuple[str, Plan]) -> PlanSerializer:
        """Return the plan for an hour, or for less where that is the most."""
        return PlanSerializer(row[1]).data  # type: ignore[return-value]
