"""People and identities."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from apps.core.actor import Role
from apps.core.panels import cells_for, panels_for
from apps.core.text import display
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView
from apps.inventory.models import Identity, Person
from apps.inventory.queries import people as queries
from apps.inventory.rules import can_link_people, can_merge_people
from apps.inventory.web.filters import IdentityFilter, PersonFilter


def factor_text(identity: Any) -> str:
    """Return the strongest registered factor in words; three-valued."""
    if identity.resistant:
        return "Phishing-resistant"
    if identity.strong:
        return "Strong"
    if identity.weak:
        return "Only weak"
    return "None" if identity.mfa_known == "yes" else "Not known"


def _lists(current: str) -> list[dict[str, Any]]:
    pages = (("identities", "Identities", "inventory:identities"), ("people", "People", "inventory:people"))
    return [{"label": label, "url": reverse(name), "current": key == current} for key, label, name in pages]


class IdentityListView(TableView):
    """`/identities`."""

    template_name = "inventory/identity_list.html"
    filename = "identities"
    filterset_class = IdentityFilter
    default_sort = "name"
    orderings = {
        "name": ("name", "login"),
        "kind": ("kind", "name"),
        "used": ("last_used_at", "name"),
        "source": ("source__name", "name"),
        "keys": ("-active_keys", "name"),
    }
    columns = [
        Column("name", "Identity", lambda i: i.name or i.login or i.source_key),
        Column("login", "Login", lambda i: i.login),
        Column("email", "Mail", lambda i: i.email),
        Column("kind", "Kind", lambda i: i.get_kind_display()),
        Column("source", "Source", lambda i: i.source.name),
        Column("person", "Person", lambda i: i.person.name if i.person else None),
        Column("enabled", "Enabled", lambda i: i.enabled),
        Column("factor", "Second factor", factor_text),
        Column("active_keys", "Active keys", lambda i: i.active_keys),
        Column("use", "Use", lambda i: i.use_state),
        Column("last_used_at", "Last used", lambda i: i.last_used_at),
    ]

    def rows(self) -> QuerySet[Identity]:
        """Return the identities the actor may see."""
        return queries.list_identities(self.actor)

    def known_total(self) -> int | None:
        """Return how many identities there are where no filter is set."""
        return None if self.filters_given() else queries.survey(self.actor).total

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the two lists of this room and the added columns."""
        return {"lists": _lists("identities"), "added": cells_for("identities.list")}

    def respond(self, context: dict[str, Any]) -> HttpResponse:
        """Add factor words and the cells of added columns."""
        shown = queries.shown_identities(self.actor, context["rows"])
        keys = [identity.pk for identity in shown]
        made = [(cells.template, cells.cells(self.actor, keys)) for cells in cells_for("identities.list")]
        context["rows"] = [
            {
                "identity": i,
                "factor": factor_text(i),
                "cells": [(template, values.get(i.pk)) for template, values in made],
            }
            for i in shown
        ]
        return super().respond(context)


class IdentityView(ActorView):
    """`/identities/<id>`: factors, credentials, last use, access, findings."""

    def get(self, request: HttpRequest, key: UUID, **kwargs: Any) -> HttpResponse:
        """Answer the page."""
        identity = queries.find_identity(self.actor, key)
        person = queries.visible_person(self.actor, identity)
        person_url = (reverse("inventory:person", args=[person.pk]),) if person else ()
        facts = [
            ("Source", display(identity.source.name)),
            ("Key there", display(identity.source_key)),
            ("Login", display(identity.login) or None),
            ("Mail", display(identity.email) or None),
            ("Person", display(person.name) if person else None, *person_url),
            ("Kind", identity.get_kind_display()),
            ("Enabled", identity.get_enabled_display()),
            ("Administrator", identity.get_is_admin_display()),
            ("Outsiders act as it", identity.get_external_display()),
            ("Signs in with a password", identity.get_password_sign_in_display()),
            ("Department", display(identity.department) or None),
            ("Job title", display(identity.job_title) or None),
        ]
        panels = panels_for("identity.main", self.actor, identity)
        context = {"identity": identity, "facts": facts, "panels": panels}
        return render(request, "inventory/identity_detail.html", context)


class PersonListView(TableView):
    """`/people`."""

    template_name = "inventory/person_list.html"
    filename = "people"
    filterset_class = PersonFilter
    default_sort = "name"
    orderings = {
        "name": ("name",),
        "status": ("status", "name"),
        "team": ("team_name", "name"),
        "ended": ("-ended_on", "name"),
    }
    columns = [
        Column("name", "Person", lambda p: p.name),
        Column("email", "Mail", lambda p: p.email),
        Column("status", "Status", lambda p: p.get_status_display()),
        Column("team", "Team", lambda p: p.team_name),
        Column("business_unit", "Business unit", lambda p: p.business_unit),
        Column("manager", "Manager", lambda p: p.manager.name if p.manager else None),
        Column("identities", "Identities", lambda p: p.identity_count),
        Column("user", "Signs in here as", lambda p: p.user.name if p.user else "not linked"),
        Column("started_on", "Started", lambda p: p.started_on),
        Column("ended_on", "Ended", lambda p: p.ended_on),
    ]

    def rows(self) -> QuerySet[Person]:
        """Return the people the actor may see."""
        return queries.list_people(self.actor)

    def surroundings(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the two lists of this room."""
        return {"lists": _lists("people")}


class PersonView(ActorView):
    """`/people/<id>`: identities, assets owned, where known from."""

    def get(self, request: HttpRequest, key: UUID, **kwargs: Any) -> HttpResponse:
        """Answer the page."""
        person = queries.find_person(self.actor, key)
        facts = [
            ("Mail", display(person.email) or None),
            ("Job title", display(person.job_title) or None),
            ("Team", display(person.team_name) or None),
            ("Business unit", display(person.business_unit) or None),
            ("Manager", display(person.manager.name) if person.manager else None),
            ("Started", person.started_on),
            ("Ended", person.ended_on or "no end date"),
            ("Known from", ", ".join(queries.known_from(person)) or None),
            ("Signs in here as", display(person.user.email) if person.user else "not linked", *self._user_url(person)),
        ]
        assets = queries.owned_assets(self.actor, person)
        context = {
            "person": person,
            "facts": facts,
            "assets": assets,
            "panels": panels_for("person.main", self.actor, person),
            "may_join": can_merge_people(self.actor, person.user_id),
            "may_link": can_link_people(self.actor),
            "is_admin": self.actor.has(Role.SECURITY_ADMIN),
        }
        return render(request, "inventory/person_detail.html", context)

    def _user_url(self, person: Person) -> tuple[str, ...]:
        if person.user_id is None or not self.actor.sees_all:
            return ()
        return (reverse("accounts:person", args=[person.user_id]),)
