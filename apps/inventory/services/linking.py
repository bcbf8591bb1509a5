"""Linking a user to the person they are. An act of an admin, never of an import: it decides what the user may see."""

from datetime import datetime
from uuid import UUID

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.inventory import events, rules
from apps.inventory.models import Person


def _person(person_id: UUID) -> Person:
    found = Person.objects.filter(pk=person_id).select_related("user").first()
    if found is None:
        raise NotFound("There is no such person.")
    return found


def _subject(person: Person) -> Subject:
    return Subject("person", str(person.pk), person.name)


@command(events.USER_LINKED)
def link_user(*, actor: Actor, person_id: UUID, user_id: UUID, now: datetime) -> Changed | Unchanged:
    """Say that a user is a person. Raises Forbidden (for one's own user too), NotFound, Invalid, Conflict."""
    rules.can_link_people(actor, own_user=actor.user_id == user_id).require()
    person = _person(person_id)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    if user.kind != User.Kind.PERSON:
        raise Invalid("A service account is nobody; only a user who signs in is a person.")
    if person.user_id == user.pk:
        return Unchanged(value=person)
    if person.user_id is not None:
        raise Conflict(f"{person.name} is linked to another user; unlink that one first.")
    if Person.objects.filter(user=user).exists():
        raise Conflict(f"{user.name} is linked to another person; unlink that one first.")
    Person.objects.filter(pk=person.pk).update(user=user)
    details: dict[str, object] = {"person": str(person.pk), "user": str(user.pk), "user_name": user.name}
    return Changed(_subject(person), details, value=person)


@command(events.USER_UNLINKED)
def unlink_user(*, actor: Actor, person_id: UUID, now: datetime) -> Changed | Unchanged:
    """Say that a person has no user here. Raises Forbidden, NotFound."""
    person = _person(person_id)
    rules.can_link_people(actor).require()
    if person.user is None:
        return Unchanged(value=person)
    user = person.user
    Person.objects.filter(pk=person.pk).update(user=None)
    details: dict[str, object] = {"person": str(person.pk), "user": str(user.pk), "user_name": user.name}
    return Changed(_subject(person), details, value=person)
