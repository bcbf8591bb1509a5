"""The pages that merge, split and link people: what they show, what they refuse, what they write down."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.audit.models import Entry
from apps.inventory.models import Identity, Person
from tests.cast import MEMBERS, Cast
from tests.factories import make_asset, make_identity, make_person

pytestmark = pytest.mark.django_db
ADMINS = {"security_admin", "second_admin"}


def page(client: Client, name: str, person: Person, **query: str) -> str:
    """Return the words of a page about a person."""
    response = client.get(reverse(f"inventory:{name}", args=[person.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, route: str, person: Person, /, **data: object) -> tuple[int, str]:
    """Post to a page about a person; return status and words of where it leads."""
    response = client.post(reverse(f"inventory:{route}", args=[person.pk]), data, follow=True)
    return response.status_code, response.content.decode()


def event(client: Client, action: str) -> str:
    """Return the audit page of the newest such event."""
    entry = Entry.objects.filter(action=action).latest("seq")
    return client.get(f"/audit/{entry.log}/{entry.seq}").content.decode()


def test_a_merge_is_searched_looked_at_and_confirmed(signed_in: Callable[[str], Client]) -> None:
    kept, other = make_person(name="Ann Lee"), make_person(name="Lee, Ann", email="ann.lee@x.example")
    make_identity(person=other, name="ann@aws")
    make_asset(owner=other)
    client = signed_in("security_admin")
    assert "Merge…" in page(client, "person", kept)
    assert "Nobody else has this name or mail" in page(client, "person_merge", kept)
    assert "Lee, Ann" in page(client, "person_merge", kept, q="ann.lee@")
    shown = page(client, "person_merge", kept, other=str(other.pk))
    assert "1 identity, 0 records of sources, 1 asset owned, 0 direct reports" in shown and "ann@aws" in shown
    assert Person.objects.filter(pk=other.pk).exists(), "looking writes nothing"
    status, shown = send(client, "person_merge", kept, other=str(other.pk))
    assert status == 200 and "Lee, Ann is now part of Ann Lee." in shown and "ann@aws" in shown
    assert not Person.objects.filter(pk=other.pk).exists()
    written = event(client, "inventory.people.merged")
    assert "People merged" in written and "Lee, Ann" in written and "Tomas Veselka" in written


def test_people_of_the_same_name_or_mail_are_suggested(signed_in: Callable[[str], Client]) -> None:
    kept = make_person(name="Ann Lee", email="ann@x.example")
    make_person(name="ann lee"), make_person(name="A. Lee", email="ANN@x.example"), make_person(name="Bob Ray")
    shown = page(signed_in("security_admin"), "person_merge", kept)
    assert "ann lee" in shown and "A. Lee" in shown and "Bob Ray" not in shown


def test_a_merge_that_is_refused_says_why(signed_in: Callable[[str], Client], cast: Cast) -> None:
    client, own = signed_in("security_admin"), make_person(user=cast.users["security_admin"])
    kept, other = make_person(user=cast.users["engineer"]), make_person(user=cast.users["owner"])
    both = "Both people sign in here; unlink one of the users first."
    assert both in page(client, "person_merge", kept, other=str(other.pk))
    assert send(client, "person_merge", kept, other=str(other.pk))[0] == 409
    assert "Nobody links their own user" in page(client, "person_merge", own, other=str(make_person().pk))
    assert send(client, "person_merge", own, other=str(make_person().pk))[0] == 403
    assert "Nobody links their own user" in page(client, "person", own)
    assert send(client, "person_merge", kept, other=str(kept.pk))[0] == 400
    assert send(client, "person_merge", kept, other="nobody")[0] == 400
    assert Person.objects.count() == 5


def test_a_split_shows_what_moves_before_it_is_confirmed(signed_in: Callable[[str], Client]) -> None:
    person = make_person(name="Two In One")
    mine, others = make_identity(person=person, name="mine"), make_identity(person=person, name="others")
    client, choice = signed_in("security_admin"), {"identities": [str(others.pk)], "name": "The  Other"}
    assert "Split…" in page(client, "person", person) and "others" in page(client, "person_split", person)
    status, shown = send(client, "person_split", person, step="preview", **choice)
    assert status == 200 and "1 of 2 identities" in shown
    assert not Identity.objects.exclude(person=person).exists(), "looking writes nothing"
    status, shown = send(client, "person_split", person, step="confirm", **choice)
    assert status == 200 and "The Other is a person of their own now." in shown
    mine.refresh_from_db(), others.refresh_from_db()
    assert mine.person == person and others.person.name == "The Other"
    assert "The Other" in event(client, "inventory.person.split")


def test_a_split_without_choice_or_of_a_stranger_is_refused(signed_in: Callable[[str], Client], cast: Cast) -> None:
    person, stranger, client = make_person(), make_identity(), signed_in("security_admin")
    make_identity(person=person)
    for choice in ({"name": "X"}, {"identities": [str(stranger.pk)], "name": "X"}):
        assert send(client, "person_split", person, step="confirm", **choice)[0] == 400
    own = make_person(user=cast.users["security_admin"])
    identity = make_identity(person=own)
    status, shown = send(client, "person_split", own, step="confirm", identities=[str(identity.pk)], name="Not me")
    assert status == 403 and "Nobody links their own user" in shown
    assert Person.objects.count() == 2


def test_a_user_is_linked_and_unlinked(signed_in: Callable[[str], Client], cast: Cast) -> None:
    person, user, client = make_person(name="J. Lindqvist"), cast.users["engineer"], signed_in("security_admin")
    make_identity(person=person, name="jonas@mlflow")
    assert "not linked" in page(client, "person", person) and "Jonas Lindqvist" in page(client, "person_link", person)
    assert "Nobody" not in page(client, "person_link", person, q="lindq")
    shown = page(client, "person_link", person, user=str(user.pk))
    assert "jonas@mlflow" in shown and "<dd>Engineer</dd>" in shown
    status, shown = send(client, "person_link", person, user=str(user.pk))
    person.refresh_from_db()
    assert status == 200 and person.user == user and "Unlink the user" in shown
    assert "Jonas Lindqvist" in event(client, "inventory.user.linked")
    assert send(client, "person_unlink", person)[0] == 200
    person.refresh_from_db()
    assert person.user is None and "Jonas Lindqvist" in event(client, "inventory.user.unlinked")


def test_a_link_that_is_refused_says_why(signed_in: Callable[[str], Client], cast: Cast) -> None:
    client, engineer = signed_in("security_admin"), cast.users["engineer"]
    person, taken = make_person(), make_person(name="Taken", user=engineer)
    assert "The user is linked to Taken" in page(client, "person_link", person, user=str(engineer.pk))
    assert send(client, "person_link", person, user=str(engineer.pk))[0] == 409
    assert "unlink that one first" in page(client, "person_link", taken, user=str(cast.users["owner"].pk))
    own = str(cast.users["security_admin"].pk)
    assert "Nobody links their own user" in page(client, "person_link", person, user=own)
    assert send(client, "person_link", person, user=own)[0] == 403
    assert send(client, "person_link", person, user=str(cast.users["service"].pk))[0] == 400
    assert "posture-exporter" not in page(client, "person_link", person)
    person.refresh_from_db()
    assert person.user is None


@pytest.mark.parametrize("name", [name for name, *_ in MEMBERS if name not in ADMINS | {"service"}])
def test_others_have_neither_button_nor_page(signed_in: Callable[[str], Client], cast: Cast, name: str) -> None:
    client, person = signed_in(name), make_person(user=cast.users[name])
    shown = page(client, "person", person)
    assert "Merge…" not in shown and "Link to" not in shown and "Unlink" not in shown
    for route in ("person_merge", "person_split", "person_link"):
        assert client.get(reverse(f"inventory:{route}", args=[person.pk])).status_code == 403
    for route in ("person_merge", "person_split", "person_link", "person_unlink"):
        assert client.post(reverse(f"inventory:{route}", args=[person.pk])).status_code == 403


def test_the_list_says_who_is_not_linked(signed_in: Callable[[str], Client], cast: Cast) -> None:
    make_person(name="With", user=cast.users["engineer"]), make_person(name="Without")
    client = signed_in("security_admin")
    shown = client.get("/people").content.decode()
    assert shown.count("not linked") == 1 and "Jonas Lindqvist" in shown
    shown = client.get("/people?user=none").content.decode()
    assert "Without" in shown and ">With<" not in shown
    rows = b"".join(client.get("/people.csv").streaming_content).decode()
    assert "not linked" in rows and "Jonas Lindqvist" in rows
