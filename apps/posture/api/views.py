"""Posture in the read API."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from apps.core.actor import Actor
from apps.core.api.views import NoParameters, VisibleReadOnly
from apps.posture.api.serializers import CheckSerializer, FindingSerializer, ResultSerializer, RunSerializer
from apps.posture.models import Finding, Result, Run
from apps.posture.queries.checks import check_detail, check_list
from apps.posture.queries.runs import last_published, run_list
from apps.posture.states import FindingState, Outcome, Pillar, Severity


class CheckViewSet(NoParameters, ViewSet):
    """Checks; totals only for callers who see every subject."""

    required_scope = "read:posture"

    def _run(self) -> Run | None:
        return last_published() if self.actor.sees_all else None

    @extend_schema(responses=CheckSerializer(many=True), operation_id="checks_list")
    def list(self, request: Request) -> Response:
        """Return all checks."""
        return Response(CheckSerializer(check_list(self._run()), many=True).data)

    @extend_schema(
        responses=CheckSerializer,
        operation_id="checks_retrieve",
        parameters=[OpenApiParameter("id", str, OpenApiParameter.PATH)],
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        """Return one check."""
        row = check_detail(pk).row
        if not self.actor.sees_all:
            row = next((found for found in check_list(None) if found.spec.id == pk), row)
        return Response(CheckSerializer(row).data)


class RunParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.CharFilter(max_length=10)


def _runs(actor: Actor) -> QuerySet[Run]:
    rows = run_list(actor).prefetch_related("tasks")
    return rows if actor.sees_all else rows.none()


class RunViewSet(VisibleReadOnly):
    """Runs, newest first; counts name nobody, but only callers who see every subject get them."""

    visible = staticmethod(_runs)
    serializer_class = RunSerializer
    filterset_class = RunParameters
    required_scope = "read:posture"
    cursor_ordering = ("-number",)


class ResultParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    outcome = django_filters.ChoiceFilter(choices=Outcome.choices)
    check = django_filters.CharFilter(field_name="check_id", max_length=8)
    subject_id = django_filters.UUIDFilter()


def _results(actor: Actor) -> QuerySet[Result]:
    run = last_published()
    rows = Result.objects.visible_to(actor)
    return rows.at(run.pk) if run else rows.none()


class ResultViewSet(VisibleReadOnly):
    """Results of the last published run about subjects the caller may see."""

    visible = staticmethod(_results)
    serializer_class = ResultSerializer
    filterset_class = ResultParameters
    required_scope = "read:posture"
    cursor_ordering = ("pk",)


class FindingParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    severity = django_filters.MultipleChoiceFilter(choices=Severity.choices)
    state = django_filters.MultipleChoiceFilter(choices=FindingState.choices)
    pillar = django_filters.MultipleChoiceFilter(choices=Pillar.choices)
    check = django_filters.CharFilter(field_name="check_id", max_length=8)
    asset = django_filters.UUIDFilter(field_name="asset_id")


class FindingViewSet(VisibleReadOnly):
    """Findings about subjects the caller may see."""

    visible = Finding.objects.visible_to
    serializer_class = FindingSerializer
    filterset_class = FindingParameters
    required_scope = "read:posture"
    cursor_ordering = ("number",)
