"""What may be asked for of an asset."""

import uuid
from typing import cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.asking import asset_of, beneficiary_of
from apps.access.api.serializers.plans import OptionSerializer
from apps.access.queries.plan import options
from apps.access.rules.requests import can_request
from apps.accounts.models import User
from apps.core import clock
from apps.core.api.filters import refuse_unknown
from apps.core.api.views import ApiView


class OperationsView(ApiView):
    """`GET /api/v1/assets/{id}/operations`: everything that is done to such an asset, with tier and route."""

    required_scope = "read:access"

    @extend_schema(
        responses=OptionSerializer(many=True),
        operation_id="assets_operations_list",
        parameters=[
            OpenApiParameter("id", uuid.UUID, OpenApiParameter.PATH),
            OpenApiParameter("beneficiary", uuid.UUID, description="For whom; by default for the caller."),
        ],
    )
    def get(self, request: Request, id: str) -> Response:
        """Return every operation with the plan for an hour, or for less where that is the most."""
        refuse_unknown(request, {"format", "beneficiary"})
        wanted = request.query_params.get("beneficiary")
        key = serializers.UUIDField().run_validation(wanted) if wanted is not None else None
        user, asset = beneficiary_of(self, key), asset_of(self.actor, id)
        can_request(self.actor, user).require()
        asker = cast(User, request.user)
        rows = options(requester=asker, beneficiary=user, actor=self.actor, asset=asset, origin="api", now=clock.now())
        return Response(OptionSerializer(rows, many=True).data)
