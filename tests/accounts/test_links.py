"""One-time sign-in links: invitation, recovery, and that a mail scanner spoils nothing."""

import re
from datetime import timedelta
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts import services
from apps.accounts.models import SignInLink, User
from apps.accounts.queries import roles_of
from apps.accounts.states import LinkPurpose
from apps.core import clock
from apps.core.actor import Role, system
from apps.core.errors import Forbidden
from tests.accounts.conftest import post_password
from tests.cast import Cast

NEW = "seven green bottles hanging"
CHOSEN = {"password": NEW, "again": NEW}


def created(command: str, *arguments: str) -> str:
    """Run a command that prints a link and return its path."""
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    found = re.search(r"http://localhost:8000(/account/link/\S+)", out.getvalue())
    assert found
    return found[1]


def test_first_admin_comes_in_and_must_set_up_a_second_factor(db: None) -> None:
    path = created("create_admin", "Ada@Fenwick.example", "--name", "Ada Ashby")
    client = Client()
    for probe in (client.get, client.head):
        assert probe(path).status_code == 200
    assert SignInLink.objects.get().used_at is None
    assert client.post(path, CHOSEN).status_code == 302
    user = User.objects.get(email="ada@fenwick.example")
    assert roles_of(user.pk) == {Role.SECURITY_ADMIN}
    assert client.get("/setup/people")["Location"] == "/account/factors/"
    assert Client().post(path, CHOSEN).status_code == 404
    assert post_password(Client(), user.email, NEW).status_code == 302


def test_link_page_tells_no_other_page_its_address(db: None) -> None:
    answer = Client().get(created("create_admin", "ada@fenwick.example"))
    assert answer["Referrer-Policy"] == "strict-origin"
    assert "no-store" in answer["Cache-Control"]


def test_link_expires_after_fifteen_minutes(db: None) -> None:
    path = created("create_admin", "ada@fenwick.example")
    with clock.shifted(timedelta(minutes=15, seconds=1)):
        assert Client().get(path).status_code == 404
        assert Client().post(path, CHOSEN).status_code == 404
    assert not User.objects.get().has_usable_password()


def test_a_newer_link_voids_the_older(db: None) -> None:
    older = created("create_admin", "ada@fenwick.example")
    newer = created("create_admin", "ada@fenwick.example")
    assert Client().get(older).status_code == 404
    assert Client().get(newer).status_code == 200


def test_refused_password_leaves_the_link_usable(db: None) -> None:
    path = created("create_admin", "ada@fenwick.example")
    for bad in ({"password": "short", "again": "short"}, {"password": NEW, "again": "other"}, {}):
        assert Client().post(path, bad).status_code == 400
    assert Client().post(path, CHOSEN).status_code == 302


def test_only_a_keyed_hash_is_stored(db: None) -> None:
    secret = created("create_admin", "ada@fenwick.example").rsplit("/", 1)[1]
    link = SignInLink.objects.get()
    assert secret not in str(vars(link)) and len(link.digest) == 64


def test_recovery_takes_old_factors_password_and_sessions_away(cast: Cast, enrol, sign_in) -> None:  # type: ignore[no-untyped-def]
    ciso = cast.users["ciso"]
    session = sign_in("ciso", enrol(ciso))
    path = created("recovery_link", ciso.email)
    client = Client()
    client.post(path, CHOSEN)
    assert not Authenticator.objects.filter(user=ciso).exists()
    assert session.get("/account").status_code == 302
    assert client.get("/setup/people")["Location"] == "/account/factors/"
    assert post_password(Client(), ciso.email, "correct horse battery").status_code == 200


def test_recovery_of_nobody_says_so(db: None) -> None:
    with pytest.raises(CommandError, match="no user"):
        call_command("recovery_link", "nobody@fenwick.example")


def test_auditor_is_not_made_admin_by_the_command_line(cast: Cast) -> None:
    with pytest.raises(CommandError, match="exclude"):
        call_command("create_admin", "auditor@fenwick.example")


def test_admin_invites_only_who_never_signed_in(cast: Cast) -> None:
    admin = cast.actor("security_admin")
    new = services.create_user(actor=admin, email="new@fenwick.example", name="New Person").value
    assert services.create_link(actor=admin, user=new, purpose=LinkPurpose.INVITATION).value
    with pytest.raises(Forbidden, match="recovery"):
        services.create_link(actor=admin, user=cast.users["ciso"], purpose=LinkPurpose.INVITATION)
    with pytest.raises(Forbidden, match="command line"):
        services.create_link(actor=admin, user=new, purpose=LinkPurpose.RECOVERY)
    with pytest.raises(Forbidden, match="service account"):
        services.create_link(actor=system("command line"), user=cast.users["service"], purpose=LinkPurpose.RECOVERY)


@pytest.mark.parametrize("name", ["ciso", "manager", "engineer", "auditor", "service", "outsider"])
def test_others_do_not_invite(cast: Cast, name: str) -> None:
    new = services.create_user(actor=system("command line"), email="new@fenwick.example", name="New").value
    with pytest.raises(Forbidden):
        services.create_link(actor=cast.actor(name), user=new, purpose=LinkPurpose.INVITATION)
    with pytest.raises(Forbidden):
        services.create_user(actor=cast.actor(name), email="x@fenwick.example", name="X")


def test_link_of_a_deactivated_user_is_dead(cast: Cast) -> None:
    path = created("recovery_link", "engineer@fenwick.example")
    services.deactivate_user(actor=cast.actor("security_admin"), user=cast.users["engineer"])
    assert Client().get(path).status_code == 404
