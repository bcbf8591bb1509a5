"""Merging and splitting people: who may, what moves, and that imports leave it alone."""

from pathlib import Path

import pytest

from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.inventory.models import Identity, Person, PersonRecord
from apps.inventory.services.people import merge_people, split_person
from tests.cast import Cast
from tests.factories import make_asset, make_identity, make_person
from tests.inventory.exports import console, imported, table, write

pytestmark = pytest.mark.django_db


def test_a_merge_moves_everything(cast: Cast) -> None:
    kept, merged, below = make_person(), make_person(), make_person()
    identity, asset = make_identity(person=merged), make_asset(owner=merged)
    Person.objects.filter(pk=below.pk).update(manager=merged)
    Person.objects.filter(pk=kept.pk).update(manager=merged)
    merge_people(actor=cast.actor("security_admin"), kept_id=kept.pk, merged_id=merged.pk)
    for row in (identity, asset, below, kept):
        row.refresh_from_db()
    assert (identity.person, asset.owner, below.manager, kept.manager) == (kept, kept, kept, None)
    assert identity.person_by_hand and not Person.objects.filter(pk=merged.pk).exists()


def test_the_user_of_the_merged_person_stays_linked(cast: Cast) -> None:
    kept, merged = make_person(), make_person(user=cast.users["engineer"])
    merge_people(actor=cast.actor("security_admin"), kept_id=kept.pk, merged_id=merged.pk)
    kept.refresh_from_db()
    assert kept.user == cast.users["engineer"]
    other = make_person(user=cast.users["owner"])
    with pytest.raises(Conflict, match="Both people"):
        merge_people(actor=cast.actor("security_admin"), kept_id=kept.pk, merged_id=other.pk)


@pytest.mark.parametrize("name", ["ciso", "manager", "engineer", "auditor", "service", "outsider"])
def test_only_security_admins_merge_and_split(cast: Cast, name: str) -> None:
    kept, merged = make_person(), make_person()
    with pytest.raises(Forbidden):
        merge_people(actor=cast.actor(name), kept_id=kept.pk, merged_id=merged.pk)
    with pytest.raises(Forbidden):
        split_person(actor=cast.actor(name), person_id=kept.pk, identity_ids=[kept.pk], name="X")


def test_nobody_decides_who_they_are(cast: Cast) -> None:
    own, other = make_person(user=cast.users["security_admin"]), make_person()
    with pytest.raises(Forbidden, match="own user"):
        merge_people(actor=cast.actor("security_admin"), kept_id=own.pk, merged_id=other.pk)
    with pytest.raises(Forbidden, match="own user"):
        split_person(actor=cast.actor("security_admin"), person_id=own.pk, identity_ids=[other.pk], name="X")


def test_a_split_takes_only_own_identities(cast: Cast) -> None:
    actor, person, stranger = cast.actor("security_admin"), make_person(), make_identity()
    with pytest.raises(NotFound):
        split_person(actor=actor, person_id=person.pk, identity_ids=[stranger.pk], name="X")
    with pytest.raises(Invalid):
        split_person(actor=actor, person_id=person.pk, identity_ids=[], name="X")
    with pytest.raises(Invalid):
        merge_people(actor=actor, kept_id=person.pk, merged_id=person.pk)


def test_imports_leave_it_alone(cast: Cast, tmp_path: Path) -> None:
    people = write(tmp_path / "people.csv", "employee_id,name,login,team\nE1,Ann Lee,ann,Risk\n")
    report = write(tmp_path / "report.csv", table([console("ann")]))
    imported("people-csv", people)
    imported("auto", report)
    person = PersonRecord.objects.get().person
    identity = Identity.objects.get()
    assert person is not None and identity.person == person
    done = split_person(
        actor=cast.actor("security_admin"), person_id=person.pk, identity_ids=[identity.pk], name="Ann Two"
    )
    imported("people-csv", people)
    imported("auto", write(tmp_path / "report.csv", table([console("ann", mfa_active="true")])))
    identity.refresh_from_db()
    assert identity.person == done.value  # type: ignore[union-attr]
