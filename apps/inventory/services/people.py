"""Merging and splitting people by hand, where mail and login did not tell who is who. Imports leave it alone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.inventory import events, rules
from apps.inventory.models import Asset, Identity, OwnerClaim, Person, PersonRecord
from apps.inventory.states import PersonStatus

MAX_AT_ONCE = 500


@command(events.PEOPLE_MERGED)
def merge_people(*, actor: Actor, kept_id: UUID, merged_id: UUID, now: datetime) -> Changed:
    """Make two people one: everything of the second becomes the first's, and the second ends.

    Raises Forbidden (for one's own person too), NotFound, Invalid for one person twice, Conflict when both have a
    user here: one of them is to be unlinked first.
    """
    rules.can_link_people(actor).require()
    if kept_id == merged_id:
        raise Invalid("A person is not merged with themselves.")
    kept, merged = _person(actor, kept_id), _person(actor, merged_id)
    if kept.user_id and merged.user_id:
        raise Conflict(rules.BOTH_SIGN_IN)
    _not_own(actor, kept, merged)
    identities = Identity.objects.filter(person=merged).update(person=kept, person_by_hand=True)
    records = PersonRecord.objects.filter(person=merged).update(person=kept, person_by_hand=True)
    Asset.objects.filter(owner=merged).update(owner=kept)
    OwnerClaim.objects.filter(person=merged).update(person=kept)
    Person.objects.filter(manager=merged).exclude(pk=kept.pk).update(manager=kept)
    Person.objects.filter(pk=kept.pk, manager=merged).update(manager=None)
    user_id = merged.user_id
    merged.delete()
    if user_id:
        Person.objects.filter(pk=kept.pk).update(user_id=user_id)
    details: dict[str, object] = {
        "kept": str(kept_id),
        "merged": str(merged_id),
        "merged_name": merged.name,
        "identities": identities,
        "records": records,
    }
    return Changed(Subject("person", str(kept.pk), kept.name), details, value=kept)


@command(events.PERSON_SPLIT)
def split_person(*, actor: Actor, person_id: UUID, identity_ids: Sequence[UUID], name: str, now: datetime) -> Changed:
    """Give some identities of a person to a new person of that name; the value is the new person.

    Records stay with the first: they are what HR says of them. Raises Forbidden (for one's own person too), NotFound
    when an identity is not this person's, Invalid without identities or name.
    """
    rules.can_link_people(actor).require()
    person = _person(actor, person_id)
    _not_own(actor, person)
    name = " ".join(name.split())
    if not identity_ids or len(identity_ids) > MAX_AT_ONCE:
        raise Invalid(f"Choose 1 to {MAX_AT_ONCE} identities that are somebody else's.", identities="none chosen")
    if not name or len(name) > 300:
        raise Invalid("The new person needs a name of at most 300 characters.", name="1 to 300 characters")
    moved = Identity.objects.filter(pk__in=list(identity_ids), person=person)
    if moved.count() != len(set(identity_ids)):
        raise NotFound("One of the identities is not this person's.")
    new = Person.objects.create(name=name, status=PersonStatus.UNKNOWN)
    count = moved.update(person=new, person_by_hand=True)
    details: dict[str, object] = {
        "person": str(person.pk),
        "new_person": str(new.pk),
        "new_name": new.name,
        "identities": count,
        "records": 0,
    }
    return Changed(Subject("person", str(person.pk), person.name), details, value=new)


def _person(actor: Actor, person_id: UUID) -> Person:
    found = Person.objects.visible_to(actor).filter(pk=person_id).first()
    if found is None:
        raise NotFound("There is no such person, or you may not see them.")
    return found


def _not_own(actor: Actor, *people: Person) -> None:
    """Who a person is decides what their user sees, so nobody does it for themselves."""
    own = actor.user_id is not None and any(person.user_id == actor.user_id for person in people)
    rules.can_link_people(actor, own_user=own).require()
