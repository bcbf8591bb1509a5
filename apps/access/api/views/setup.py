"""Policies, targets and orphans, to read. They are changed on pages: a change needs a second administrator, or shows
what it would do before it is saved, and no token changes who may ask for what."""

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.serializers import setup
from apps.access.queries import bindings, policies
from apps.access.rules.policies import can_see_policies
from apps.core import clock
from apps.core.api.views import NoParameters, VisibleReadOnly


class PoliciesView(NoParameters):
    """`GET /api/v1/policies`: those in force."""

    required_scope = "read:access"

    @extend_schema(responses=setup.InForceSerializer)
    def get(self, request: Request) -> Response:
        """Return the policies in force, forbidding ones first, with how often each decided in 90 days."""
        can_see_policies(self.actor).require()
        version = policies.version_in_force()
        found = {"version": version, "policies": policies.rows_of(version, clock.now())}
        return Response(setup.InForceSerializer(found).data)


class VersionParameters(django_filters.FilterSet):
    """No parameters but those of pages."""


class VersionViewSet(VisibleReadOnly):
    """Versions of the policies, newest first, for CISO, security administrators and auditors; others see none."""

    visible = staticmethod(policies.versions)
    serializer_class = setup.VersionSerializer
    filterset_class = VersionParameters
    required_scope = "read:access"
    cursor_ordering = ("-number",)

    @extend_schema(responses=setup.VersionDetailSerializer)
    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Return one version with its policies."""
        return Response(setup.VersionDetailSerializer(self.get_object()).data)


class TargetParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    provisioner = django_filters.CharFilter(max_length=20)
    enabled = django_filters.BooleanFilter()


class TargetViewSet(VisibleReadOnly):
    """How access is carried, for CISO, security administrators and auditors; others see none."""

    visible = staticmethod(bindings.bindings)
    serializer_class = setup.TargetSerializer
    filterset_class = TargetParameters
    required_scope = "read:access"


class OrphanParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    target = django_filters.NumberFilter(field_name="binding_id", min_value=0, max_value=2**63 - 1)


class OrphanViewSet(VisibleReadOnly):
    """Access at targets that no grant explains, for CISO, security administrators and auditors; others see none."""

    visible = staticmethod(bindings.orphans)
    serializer_class = setup.OrphanSerializer
    filterset_class = OrphanParameters
    required_scope = "read:access"
