"""Merging and splitting people, and linking them to users: choose, look at what it does, confirm."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from apps.accounts.queries import role_words
from apps.core.actor import Role
from apps.core.errors import DomainError, Invalid
from apps.core.text import display
from apps.core.web.views import ActorView
from apps.inventory import rules
from apps.inventory.models import Person
from apps.inventory.queries import joining
from apps.inventory.queries.people import find_person
from apps.inventory.services.linking import link_user, unlink_user
from apps.inventory.services.people import merge_people, split_person
from apps.inventory.web.forms import SplitForm

LONGEST = 200


def chosen(given: str, what: str) -> UUID:
    """Return the id that was chosen. Raises Invalid."""
    try:
        return UUID(given)
    except ValueError:
        raise Invalid(f"Choose {what} from the list.") from None


class JoiningView(ActorView):
    """A page about one person, for security administrators."""

    roles = (Role.SECURITY_ADMIN,)

    def person(self) -> Person:
        """Return the person of the address, or answer 404."""
        return find_person(self.actor, self.kwargs["key"])

    def asked(self) -> str:
        """Return the text to search for."""
        return " ".join(self.request.GET.get("q", "").split())[:LONGEST]

    def done(self, person: Person, text: str) -> HttpResponse:
        """Say what happened on the person's page."""
        messages.success(self.request, text)
        return redirect("inventory:person", key=person.pk)


class MergeView(JoiningView):
    """`/people/<id>/merge?q=…&other=<id>`: find the other record of the same human, see what moves, confirm."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the search, or what merging the chosen one would do."""
        person = self.person()
        if not request.GET.get("other"):
            text = self.asked()
            rows = joining.merge_candidates(self.actor, person, text)
            context = {"person": person, "rows": rows, "q": text, "may": rules.can_merge_people(self.actor)}
            return render(request, "inventory/person_merge.html", context)
        other = find_person(self.actor, chosen(request.GET["other"], "a person"))
        if other.pk == person.pk:
            raise Invalid("A person is not merged with themselves.")
        context = {
            "person": person,
            "other": other,
            "moving": joining.moving(other),
            "may": rules.can_merge_people(self.actor, person.user_id, other.user_id),
        }
        return render(request, "inventory/person_merge_preview.html", context)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Merge the chosen person into this one."""
        person = self.person()
        other = find_person(self.actor, chosen(request.POST.get("other", ""), "a person"))
        merge_people(actor=self.actor, kept_id=person.pk, merged_id=other.pk)
        return self.done(person, f"{display(other.name)} is now part of {display(person.name)}.")


class SplitView(JoiningView):
    """`/people/<id>/split`: choose identities that are somebody else's, see what moves, confirm."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the form."""
        person = self.person()
        return self._page(person, SplitForm(identities=person.identities.all()))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Show what the choice does; with `step=confirm` do it."""
        person = self.person()
        form = SplitForm(request.POST, identities=person.identities.all())
        if not form.is_valid():
            return self._page(person, form, 400)
        picked, name = form.cleaned_data["identities"], form.cleaned_data["name"]
        if request.POST.get("step") != "confirm":
            return self._page(person, form, moving=[one for one in person.identities.all() if str(one.pk) in picked])
        try:
            made = split_person(actor=self.actor, person_id=person.pk, identity_ids=list(map(UUID, picked)), name=name)
        except DomainError as refusal:
            form.add_error(None, refusal.reason)
            return self._page(person, form, refusal.status)
        return self.done(made.value, f"{display(made.value.name)} is a person of their own now.")

    def _page(self, person: Person, form: SplitForm, status: int = 200, **more: Any) -> HttpResponse:
        may = rules.can_merge_people(self.actor, person.user_id)
        context = {"person": person, "form": form, "may": may, **more}
        return render(self.request, "inventory/person_split.html", context, status=status)


class LinkView(JoiningView):
    """`/people/<id>/link?q=…&user=<id>`: find the user this person is, see what it means, confirm."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the search, or what linking the chosen user would do."""
        person = self.person()
        context: dict[str, Any] = {"person": person}
        if request.GET.get("user"):
            user = joining.find_user(self.actor, chosen(request.GET["user"], "a user"))
            other = getattr(user, "person", None)
            already = display(other.name) if other and other.pk != person.pk else ""
            context |= {
                "user": user,
                "roles": role_words(Role(group.name) for group in user.groups.all()),
                "may": rules.can_link_user(self.actor, user.pk, person.user_id, already),
            }
            return render(request, "inventory/person_link_preview.html", context)
        text = self.asked()
        rows = joining.link_candidates(self.actor, text)
        return render(request, "inventory/person_link.html", {**context, "rows": rows, "q": text})

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Link the chosen user."""
        person = self.person()
        user = joining.find_user(self.actor, chosen(request.POST.get("user", ""), "a user"))
        link_user(actor=self.actor, person_id=person.pk, user_id=user.pk)
        return self.done(person, f"{display(person.name)} is {display(user.name)}, who signs in here.")


class UnlinkView(JoiningView):
    """POST `/people/<id>/unlink`."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """End the link."""
        person = self.person()
        unlink_user(actor=self.actor, person_id=person.pk)
        return self.done(person, f"{display(person.name)} is linked to no user.")
