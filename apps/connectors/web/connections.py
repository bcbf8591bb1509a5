"""Connections: list, page, test now, switch, delete."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.connectors import queries, services
from apps.connectors.models import Connection
from apps.connectors.rules import can_manage_connections, can_test
from apps.connectors.states import TONES, Health
from apps.core import clock
from apps.core.actor import Role
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView

READERS = (Role.SECURITY_ADMIN, Role.AUDITOR)
ADMIN = (Role.SECURITY_ADMIN,)


def mark(connection: Connection) -> dict[str, str]:
    """Return how a connection's health reads: word and tone."""
    if not connection.enabled:
        return {"word": "Switched off", "tone": "neutral"}
    if connection.needs_secret and not connection.has_secret:
        return {"word": "Needs its secret", "tone": "warn"}
    health = Health(connection.state)
    return {"word": health.label, "tone": TONES[health]}


class Table(TableView):
    """`/setup/targets`."""

    roles = READERS
    template_name = "connectors/connection_list.html"
    filename = "targets"
    default_sort = "name"
    orderings = {"name": ("name",), "kind": ("driver", "name"), "ok": ("last_ok_at", "name")}
    columns = [
        Column("name", "Target", lambda c: c.name),
        Column("kind", "Kind", lambda c: queries.driver_of(c).title),
        Column("address", "Address", lambda c: queries.driver_of(c).address(c.settings)),
        Column("health", "Health", lambda c: mark(c)["word"]),
        Column("last_ok_at", "Last worked", lambda c: c.last_ok_at),
        Column("last_failed_at", "Last failed", lambda c: c.last_failed_at),
        Column("last_error", "Problem", lambda c: c.last_error),
    ]

    def rows(self) -> QuerySet[Connection]:
        """Return the visible connections."""
        return queries.connections(self.actor)

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Add each row's words to the page."""
        lines = [
            {"it": row, "driver": (kind := queries.driver_of(row)), "address": kind.address(row.settings), **mark(row)}
            for row in context["rows"]
        ]
        return super().respond({**context, "lines": lines, "may": can_manage_connections(self.actor)})


class Detail(ActorView):
    """`/setup/targets/<key>`."""

    roles = READERS

    def get(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Answer the page."""
        connection = queries.find(self.actor, key)
        now = clock.now()
        paused = connection.opened_until if connection.opened_until and connection.opened_until > now else None
        context = {
            "shown": queries.shown(connection),
            "connection": connection,
            "mark": mark(connection),
            "paused": paused,
            "may": can_manage_connections(self.actor),
            "may_test": can_test(self.actor, connection),
            "on": [("to", "on")],
            "off": [("to", "off")],
        }
        return render(request, "connectors/connection_detail.html", context)


class Test(ActorView):
    """POST: test a stored connection now."""

    roles = ADMIN

    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Test and say what it showed."""
        connection = queries.find(self.actor, key)
        result = services.check_health(actor=self.actor, connection_id=connection.pk)
        (messages.success if result.ok else messages.error)(request, result.message)
        return redirect("connectors:connection", key=connection.pk)


class Switch(ActorView):
    """POST: switch off or on."""

    roles = ADMIN

    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Switch to what the page asked for."""
        connection = queries.find(self.actor, key)
        turn = services.enable if request.POST.get("to") == "on" else services.disable
        turn(actor=self.actor, now=clock.now(), connection=connection)
        return redirect("connectors:connection", key=connection.pk)


class Delete(ActorView):
    """POST: delete a connection that nothing uses."""

    roles = ADMIN

    def post(self, request: HttpRequest, key: UUID) -> HttpResponse:
        """Delete and go to the list."""
        connection = queries.find(self.actor, key)
        services.delete(actor=self.actor, now=clock.now(), connection=connection)
        messages.success(request, f"{connection.name} was deleted, with its secret.")
        return redirect("connectors:connections")


table = Table.as_view()
detail = Detail.as_view()
test = Test.as_view()
switch = Switch.as_view()
delete = Delete.as_view()
