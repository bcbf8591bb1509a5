"""Requests: ask, look what would become of it, follow it up, decide.

Every rule is the services': a token asks, and a person who signed in with a second factor decides.
"""

from collections.abc import Callable
from typing import Any, cast

import django_filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.access.api.asking import asset_of, beneficiary_of
from apps.access.api.serializers import bodies
from apps.access.api.serializers.plans import PlanSerializer
from apps.access.api.serializers.requests import CardSerializer, RequestDetailSerializer, RequestSerializer
from apps.access.models import AccessRequest, Bundle
from apps.access.queries import mine
from apps.access.queries.bundles import requests_of
from apps.access.queries.card import card
from apps.access.queries.plan import plan
from apps.access.rules.requests import can_request, can_see_card
from apps.access.services import messages as talk
from apps.access.services import requests as services
from apps.access.services import votes
from apps.access.services.tasks import Wanted, fingerprint_of, submit_together
from apps.access.states import RequestState
from apps.accounts.models import User
from apps.core import clock
from apps.core.api.bodies import Body
from apps.core.api.views import VisibleReadOnly
from apps.core.errors import Invalid

LONGEST_KEY = 200
KEY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER,
    description="The same key and body again answer the same request; another body with it is 409.",
)  # fmt: skip


class RequestParameters(django_filters.FilterSet):
    """Declared parameters; any other is an error."""

    state = django_filters.MultipleChoiceFilter(choices=RequestState.choices)
    operation = django_filters.CharFilter(max_length=40)
    asset = django_filters.UUIDFilter(field_name="asset_id")


class RequestViewSet(VisibleReadOnly):
    """Requests that the caller may see, newest first. Asking takes a token with the scope `request`, or a session;
    deciding takes a session whose second factor was proven lately: a token is refused."""

    visible = AccessRequest.objects.visible_to
    serializer_class = RequestSerializer
    filterset_class = RequestParameters
    required_scope = "read:access"
    writing_scope = "request"
    cursor_ordering = ("-number",)

    @extend_schema(responses=RequestDetailSerializer)
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one request with its stages, messages, and what the caller may do."""
        return self._told(self.get_object().pk)

    @extend_schema(request=bodies.Asked, responses={201: RequestDetailSerializer}, parameters=[KEY])
    def create(self, request: Request) -> Response:
        """Ask for access, for oneself or for whom one may ask. Granted at once, waiting, or failed for want of anyone
        who could approve: see `state`."""
        body = self.read_body(bodies.Asked)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > LONGEST_KEY or not key.isprintable():
            raise Invalid(f"An Idempotency-Key has at most {LONGEST_KEY} printable characters.")
        wanted = Wanted(
            beneficiary=beneficiary_of(self, body.get("beneficiary")),
            asset=asset_of(self.actor, body["asset"]),
            operation=body["operation"],
            minutes=body["minutes"],
            start_at=body.get("start_at"),
            ticket=body.get("ticket", ""),
            payload=body.get("payload"),
        )
        reason = body["reason"]
        made: Bundle = submit_together(
            actor=self.actor, wanted=[wanted], reason=reason, key=key, fingerprint=fingerprint_of([wanted], reason),
            origin="api",
        ).value  # fmt: skip
        return self._told(requests_of(made)[0].pk, 201)

    @extend_schema(request=bodies.DryRun, responses=PlanSerializer)
    @action(detail=False, methods=["post"], url_path="dry-run")
    def dry_run(self, request: Request) -> Response:
        """Return what would become of a request, by the function that submitting uses; nothing is written."""
        body = self.read_body(bodies.DryRun)
        user = beneficiary_of(self, body.get("beneficiary"))
        can_request(self.actor, user).require()
        planned = plan(
            requester=cast(User, request.user), beneficiary=user, actor=self.actor, operation=body["operation"],
            asset=asset_of(self.actor, body["asset"]), minutes=body["minutes"],
            start_at=body.get("start_at"), origin="api", now=clock.now(),
        )  # fmt: skip
        return Response(PlanSerializer(planned).data)

    @extend_schema(request=bodies.Why, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take it back while it waits."""
        return self._done(services.withdraw, bodies.Why)

    @extend_schema(request=bodies.Nothing, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def remind(self, request: Request, pk: str) -> Response:
        """Remind those who are asked, once in 15 minutes."""
        return self._done(services.remind, bodies.Nothing)

    @extend_schema(request=bodies.Answer, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """Answer the open question, or accept the lesser access that was offered."""
        return self._done(talk.answer, bodies.Answer)

    @extend_schema(responses=CardSerializer)
    @action(detail=True, methods=["get"], filterset_class=None)
    def card(self, request: Request, pk: str) -> Response:
        """Return what an approver decides by, with the digest that a decision binds to; not for the parties."""
        row = mine.find_request(self.actor, self.get_object().pk)
        can_see_card(self.actor, row).require()
        return Response(CardSerializer(card(row, self.actor, clock.now())).data)

    @extend_schema(request=bodies.Approved, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve it as its card showed it, for fewer minutes if given."""
        return self._done(votes.approve, bodies.Approved)

    @extend_schema(request=bodies.Decided, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuse it as its card showed it."""
        return self._done(votes.deny, bodies.Decided)

    @extend_schema(request=bodies.Text, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def ask(self, request: Request, pk: str) -> Response:
        """Ask the requester first; the time to answer stands still meanwhile."""
        return self._done(talk.ask, bodies.Text)

    @extend_schema(request=bodies.Offered, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def offer(self, request: Request, pk: str) -> Response:
        """Refuse it and offer less instead, which the requester accepts in one step."""
        return self._done(votes.offer_less, bodies.Offered)

    @extend_schema(request=bodies.Nothing, responses=RequestDetailSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take one's approval back within 30 seconds; what it gave is removed at once."""
        return self._done(votes.undo, bodies.Nothing)

    def _done(self, command: Callable[..., Any], kind: type[Body]) -> Response:
        """Run a command about the request in the address, with what the body says; answer the request as it is then."""
        row = self.get_object()
        command(actor=self.actor, request=row, **self.read_body(kind))
        return self._told(row.pk)

    def _told(self, number: int, status: int = 200) -> Response:
        row = mine.find_request(self.actor, number)
        context = {"actor": self.actor, "now": clock.now()}
        return Response(RequestDetailSerializer(row, context=context).data, status=status)
