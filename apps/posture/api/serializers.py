"""Checks, runs, results and findings as the API gives them."""

from typing import Any

from rest_framework import serializers

from apps.posture.models import Finding, Result, Run, RunTask


class RefSerializer(serializers.Serializer[Any]):
    """A requirement of a framework in one edition."""

    framework = serializers.CharField()
    edition = serializers.CharField()
    id = serializers.CharField()


class TallySerializer(serializers.Serializer[Any]):
    """How many results there are of each outcome; `applicable` is the denominator."""

    met = serializers.IntegerField()
    failing = serializers.IntegerField()
    accepted = serializers.IntegerField()
    not_evaluated = serializers.IntegerField()
    not_applicable = serializers.IntegerField()
    applicable = serializers.IntegerField()


class CheckSerializer(serializers.Serializer[Any]):
    """A check with the version in force and what the last run found."""

    id = serializers.CharField(source="spec.id")
    title = serializers.CharField(source="spec.title")
    question = serializers.CharField(source="spec.question")
    subject_kind = serializers.CharField(source="spec.subject_kind")
    severity = serializers.CharField(source="spec.severity")
    pillar = serializers.CharField(source="spec.pillar")
    function = serializers.CharField(source="spec.function")
    refs = RefSerializer(source="spec.refs", many=True)
    version = serializers.SerializerMethodField()
    parameters = serializers.SerializerMethodField()
    last = TallySerializer(source="tally")

    def get_version(self, row: Any) -> int | None:
        """Return the number of the version in force; null before the first run."""
        return row.version.number if row.version else None

    def get_parameters(self, row: Any) -> dict[str, Any]:
        """Return the parameters in force."""
        return row.version.params if row.version else row.spec.defaults()


class TaskSerializer(serializers.ModelSerializer[RunTask]):
    """One check of a run."""

    class Meta:
        model = RunTask
        fields = ["check_id", "state", "met", "failing", "not_evaluated", "not_applicable"]


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run."""

    tasks = TaskSerializer(many=True)

    class Meta:
        model = Run
        fields = [
            "number",
            "as_of",
            "state",
            "trigger",
            "started_at",
            "finished_at",
            "opened",
            "reopened",
            "resolved",
            "tasks",
        ]


class ResultSerializer(serializers.ModelSerializer[Result]):
    """A result of the last published run."""

    class Meta:
        model = Result
        fields = [
            "id", "check_id", "subject_kind", "subject_id", "subject_label", "outcome", "reason", "evidence",
            "from_run",
        ]  # fmt: skip


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding."""

    name = serializers.CharField()
    asset = serializers.UUIDField(source="asset_id", allow_null=True)

    class Meta:
        model = Finding
        fields = [
            "number", "name", "check_id", "severity", "pillar", "state", "subject_kind", "subject_id", "subject_label",
            "asset", "opened_at", "due_on", "fixed_at", "resolved_at", "reopened",
        ]  # fmt: skip
