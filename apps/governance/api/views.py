"""Exceptions in the API: read and asked for with a token; signed by a person who signed in, never with a token."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.api.views import VisibleReadOnly
from apps.governance.api.serializers import AskBody, ExceptionSerializer, SignBody
from apps.governance.queries.exceptions import exception_api_list, exception_detail
from apps.governance.services.asking import ask
from apps.governance.services.signing import sign
from apps.governance.states import ExceptionState, ReferenceKind, Severity


class ExceptionParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.MultipleChoiceFilter(choices=ExceptionState.choices)
    kind = django_filters.MultipleChoiceFilter(choices=ReferenceKind.choices)
    key = django_filters.CharFilter(max_length=64)
    severity = django_filters.MultipleChoiceFilter(choices=Severity.choices)


class ExceptionViewSet(VisibleReadOnly):
    """Exceptions that the caller may see, newest first. Asking takes a token with the scope `request`, or a session."""

    visible = staticmethod(exception_api_list)
    serializer_class = ExceptionSerializer
    filterset_class = ExceptionParameters
    required_scope = "read:posture"
    writing_scope = "request"
    cursor_ordering = ("-number",)
    lookup_field = "number"
    lookup_value_regex = r"[1-9]\d{0,17}"

    @extend_schema(request=AskBody, responses={201: ExceptionSerializer})
    def create(self, request: Request) -> Response:
        """Ask for an exception; it accepts nothing before it is signed."""
        made = ask(actor=self.actor, **self.read_body(AskBody)).value
        return Response(ExceptionSerializer(exception_detail(self.actor, made.number)).data, status=201)

    @extend_schema(request=SignBody, responses=ExceptionSerializer)
    @action(detail=True, methods=["post"])
    def sign(self, request: Request, number: str) -> Response:
        """Sign an exception: for a session whose second factor was proven lately; a token is refused."""
        said = self.read_body(SignBody)
        signed = sign(
            actor=self.actor, exception=exception_detail(self.actor, int(number)), reason=said["reason"]
        ).value
        return Response(ExceptionSerializer(exception_detail(self.actor, signed.number)).data)
