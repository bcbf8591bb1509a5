"""The sample cast: made once, removable, and its codes are nobody else's."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts import services
from apps.accounts.models import User
from apps.accounts.queries import roles_of, sample_user
from apps.accounts.services.sample import SamplePerson, current_code
from apps.core.actor import Role, system
from apps.core.errors import Forbidden
from tests.accounts.conftest import post_password
from tests.cast import Cast

CAST = [
    SamplePerson("dana@sample.example", "Dana", Role.CISO),
    SamplePerson("tomas@sample.example", "Tomas", Role.SECURITY_ADMIN),
    SamplePerson("kofi@sample.example", "Kofi", Role.MANAGER, team="Claims Models", manages=True),
    SamplePerson("priya@sample.example", "Priya", Role.ENGINEER, team="claims models"),
    SamplePerson("lena@sample.example", "Lena", Role.AUDITOR),
]


def made() -> dict[Role, tuple[User, str]]:
    """Create the cast and return users and passwords by role."""
    answer = services.ensure_sample_users(actor=system("sample"), people=CAST)
    return {person.role: (user, password) for person, user, password in answer.value}


def code(role: str) -> str:
    """Return what the command prints."""
    out = StringIO()
    call_command("demo_code", role, stdout=out)
    return out.getvalue().strip()


def test_each_role_signs_in_with_the_printed_password_and_code(db: None) -> None:
    for role, (user, password) in made().items():
        client = Client()
        answer = post_password(client, user.email, password)
        client.post(answer["Location"], {"code": code(role.value)})
        assert client.get("/account").status_code == 200, role
        assert roles_of(user.pk) == {role}


def test_a_second_start_changes_nothing_and_prints_the_same(db: None) -> None:
    first, before = made(), list(User.objects.values())
    assert made() == first
    assert list(User.objects.values()) == before


def test_a_changed_password_is_not_printed(db: None) -> None:
    user, _ = made()[Role.CISO]
    user.set_password("seven green bottles hanging")
    user.save()
    assert made()[Role.CISO][1] == ""


def test_teams_are_matched_without_case(db: None) -> None:
    users = made()
    manager, engineer = users[Role.MANAGER][0], users[Role.ENGINEER][0]
    assert manager.memberships.get().team == engineer.memberships.get().team
    assert manager.memberships.get().manages and not engineer.memberships.get().manages


def test_codes_of_real_people_are_never_shown(cast: Cast, enrol) -> None:  # type: ignore[no-untyped-def]
    enrol(cast.users["ciso"])
    with pytest.raises(CommandError, match="no sample person"):
        call_command("demo_code", "ciso")
    with pytest.raises(Forbidden):
        current_code(cast.users["ciso"])


@pytest.mark.parametrize("name", ["ciso", "security_admin", "engineer", "auditor"])
def test_only_the_portal_itself_makes_them(cast: Cast, name: str) -> None:
    with pytest.raises(Forbidden):
        services.ensure_sample_users(actor=cast.actor(name), people=CAST)


@pytest.mark.parametrize("name", ["ciso", "manager", "engineer", "auditor", "service"])
def test_others_do_not_remove_them(cast: Cast, name: str) -> None:
    made()
    with pytest.raises(Forbidden):
        services.remove_sample_users(actor=cast.actor(name))


def test_removal_leaves_real_people_and_the_one_who_removes(cast: Cast) -> None:
    made()
    gone = services.remove_sample_users(actor=cast.actor("security_admin")).value
    assert len(gone) == 5
    assert not User.objects.filter(is_sample=True).exists()
    assert User.objects.filter(pk=cast.users["ciso"].pk).exists()
    assert services.remove_sample_users(actor=cast.actor("security_admin")).value == []


def test_who_is_named_by_kept_records_is_shut_out_instead(cast: Cast) -> None:
    users = made()
    tomas = users[Role.SECURITY_ADMIN][0]
    change = services.propose_role(actor=cast.actor("security_admin"), user=cast.users["engineer"], role=Role.AUDITOR)
    type(change.value).objects.filter(pk=change.value.pk).update(proposed_by=tomas)
    services.remove_sample_users(actor=cast.actor("security_admin"))
    tomas.refresh_from_db()
    assert not tomas.is_active and roles_of(tomas.pk) == frozenset()


def test_of_several_with_a_role_the_code_is_of_the_one_whose_sign_in_is_printed(db: None) -> None:
    people = [SamplePerson(f"{name}@fenwick.example", name.title(), Role.MANAGER) for name in ("zoe", "adam")]
    services.ensure_sample_users(actor=system("sample"), people=people)
    found = sample_user(Role.MANAGER)
    assert found is not None and found.email == "zoe@fenwick.example"
