"""People and service accounts, for those who oversee and manage them."""

from typing import Any
from uuid import UUID

import django_filters
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from apps.accounts import services as commands
from apps.accounts.models import User
from apps.accounts.queries import (
    factors_of,
    open_proposals,
    proposals_of,
    role_words,
    roles_of,
    sessions_of,
    users_visible_to,
)
from apps.accounts.rules import can_deactivate, can_end_sessions, can_invite, can_manage_people
from apps.accounts.services.roles import other_admins
from apps.accounts.states import LinkPurpose
from apps.accounts.web.address import link_address
from apps.accounts.web.forms import PersonForm, RoleForm, ServiceForm, explain
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Invalid
from apps.core.ui.words import instant_text
from apps.core.web.exports import Column
from apps.core.web.tables import TableView
from apps.core.web.views import ActorView

OVERSEERS = (Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR)


def roles_in(user: User) -> str:
    """Return a prefetched user's roles in words."""
    names = {group.name for group in user.groups.all()}
    return role_words(role for role in Role if role.value in names)


class PeopleFilter(django_filters.FilterSet):
    """Search by name or address, and by role and state."""

    q = django_filters.CharFilter(method="search", label="Search", max_length=200)
    role = django_filters.ChoiceFilter(
        field_name="groups__name", label="Role", choices=[(role.value, role.label) for role in Role]
    )
    is_active = django_filters.BooleanFilter(label="Active")

    class Meta:
        model = User
        fields: list[str] = []

    def search(self, rows: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Return users whose name or address contains the text."""
        return rows.filter(name__icontains=value) | rows.filter(email__icontains=value)


class People(TableView):
    """Everyone who signs in here."""

    roles = OVERSEERS
    template_name = "accounts/person_list.html"
    filename = "people"
    filterset_class = PeopleFilter
    orderings = {"name": ("name",), "email": ("email",), "last_login": ("last_login",)}
    default_sort = "name"
    columns = [
        Column("name", "Name", lambda user: user.name),
        Column("email", "Mail address", lambda user: user.email),
        Column("kind", "Kind", lambda user: user.get_kind_display()),
        Column("roles", "Roles", roles_in),
        Column("second_factor", "Second factor", lambda user: "yes" if user.has_factor else "no"),
        Column("active", "Active", lambda user: "yes" if user.is_active else "no"),
        Column("last_login", "Last sign-in", lambda user: user.last_login),
    ]

    def rows(self) -> QuerySet[User]:
        """Return the users that the actor may see."""
        return users_visible_to(self.actor)

    def surroundings(self, rows: QuerySet[User]) -> dict[str, Any]:
        """Return what the actor may do, and how many proposals wait."""
        waiting = open_proposals(clock.now()).count()
        return {"may": can_manage_people(self.actor), "waiting": waiting}


class NewPerson(ActorView):
    """Inviting a person."""

    roles = (Role.SECURITY_ADMIN,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return render(request, "accounts/person_new.html", {"form": PersonForm()})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create the person and go to their page, where the link is made."""
        form = PersonForm(request.POST)
        if form.is_valid():
            try:
                user = commands.create_user(actor=self.actor, now=clock.now(), **form.cleaned_data).value
            except Invalid as problem:
                explain(form, problem)
            else:
                messages.success(request, f"{user.name} can be invited now.")
                return redirect("accounts:person", pk=user.pk)
        return render(request, "accounts/person_new.html", {"form": form}, status=400)


class Services(ActorView):
    """Service accounts."""

    roles = OVERSEERS

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them with a form for a new one."""
        return self._page(ServiceForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a service account and go to its tokens."""
        form = ServiceForm(request.POST)
        if form.is_valid():
            try:
                made = commands.create_service_account(actor=self.actor, now=clock.now(), **form.cleaned_data)
            except Invalid as problem:
                explain(form, problem)
            else:
                return redirect("accounts:person_tokens", pk=made.value.pk)
        return self._page(form)

    def _page(self, form: ServiceForm) -> HttpResponse:
        rows = users_visible_to(self.actor).filter(kind=User.Kind.SERVICE)
        context = {"rows": rows, "form": form, "may": can_manage_people(self.actor)}
        return render(self.request, "accounts/service_list.html", context, status=400 if form.errors else 200)


class PersonView(ActorView):
    """A page or action about one user."""

    roles: tuple[Role, ...] = (Role.SECURITY_ADMIN,)

    def subject(self, pk: UUID) -> User:
        """Return the user, or answer 404."""
        return get_object_or_404(users_visible_to(self.actor), pk=pk)

    def back(self, user: User, text: str) -> HttpResponse:
        """Say what happened and return to the user's page."""
        messages.success(self.request, text)
        return redirect("accounts:person", pk=user.pk)


class Person(PersonView):
    """One user: roles, teams, factors, sessions, and what may be done."""

    roles = OVERSEERS

    def get(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show the user."""
        return render(request, "accounts/person_detail.html", self.context(self.subject(pk)))

    def context(self, user: User, **more: Any) -> dict[str, Any]:
        """Return everything the page shows."""
        held, others = roles_of(user.pk), other_admins(user)
        is_admin = Role.SECURITY_ADMIN in held
        teams = [f"{row.team} (manager)" if row.manages else str(row.team) for row in user.memberships.all()]
        facts = [
            ("Mail address", user.email),
            ("Kind", user.get_kind_display()),
            ("Created", instant_text(user.created_at)),
            ("Last sign-in", instant_text(user.last_login) if user.last_login else "never"),
            ("Teams", ", ".join(teams) or "None"),
        ]
        return {
            "person": user, "facts": facts, "held": [role for role in Role if role in held],
            "factors": factors_of(user), "sessions": sessions_of(user), "changes": proposals_of(user)[:20],
            "form": RoleForm(user=user, held=held), "now": clock.now(), "may": can_manage_people(self.actor),
            "may_invite": can_invite(self.actor, user), "may_end": can_end_sessions(self.actor, user),
            "may_deactivate": can_deactivate(self.actor, user, other_admins=others, is_admin=is_admin), **more,
        }  # fmt: skip


class Invite(PersonView):
    """The one-time link of a new person, shown once."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Make the link and show it."""
        user = self.subject(pk)
        made = commands.create_link(actor=self.actor, now=clock.now(), user=user, purpose=LinkPurpose.INVITATION)
        link = link_address(made.value)
        return render(request, "accounts/link_made.html", {"person": user, "link": link})


class Deactivate(PersonView):
    """Shutting a user out."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Deactivate."""
        user = self.subject(pk)
        commands.deactivate_user(actor=self.actor, now=clock.now(), user=user)
        return self.back(user, f"{user.name} is shut out: sessions, tokens and roles have ended.")


class Reactivate(PersonView):
    """Letting a user in again."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Reactivate."""
        user = self.subject(pk)
        commands.reactivate_user(actor=self.actor, now=clock.now(), user=user)
        return self.back(user, f"{user.name} can sign in again, without roles.")


class EndSessions(PersonView):
    """Signing a user out everywhere."""

    def post(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """End all sessions of the user."""
        user = self.subject(pk)
        ended = commands.end_sessions(actor=self.actor, now=clock.now(), user=user).value
        return self.back(user, f"{ended} sessions ended.")


table = People.as_view()
new = NewPerson.as_view()
services = Services.as_view()
detail = Person.as_view()
invite = Invite.as_view()
deactivate = Deactivate.as_view()
reactivate = Reactivate.as_view()
end_sessions = EndSessions.as_view()
