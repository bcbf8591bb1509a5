"""Where each role begins, and the theme that comes back to where one was."""

from collections.abc import Callable

import pytest
from django.test import Client

SignIn = Callable[[str], Client]
pytestmark = pytest.mark.django_db
BEGINNINGS = {
    "ciso": "/posture",
    "security_admin": "/posture",
    "auditor": "/posture",
    "manager": "/findings",
    "engineer": "/assets",
    "outsider": "/assets",
}


@pytest.mark.parametrize(("name", "path"), BEGINNINGS.items())
def test_each_role_lands_on_a_page_it_may_open(signed_in: SignIn, name: str, path: str) -> None:
    client = signed_in(name)
    assert client.get("/").headers["Location"] == path
    assert client.get(path).status_code == 200


def test_a_stranger_is_sent_to_sign_in(client: Client) -> None:
    assert client.get("/").headers["Location"].startswith("/account/login")


@pytest.mark.parametrize(
    "given", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/x", ""]
)
def test_the_theme_never_leads_away(signed_in: SignIn, given: str) -> None:
    answer = signed_in("engineer").post("/theme", {"theme": "dark", "next": given})
    assert answer.headers["Location"] == "/" if given else answer.status_code == 302
    assert answer.cookies["theme"].value == "dark"


def test_the_theme_comes_back_and_an_unknown_one_is_the_systems(signed_in: SignIn) -> None:
    client = signed_in("engineer")
    answer = client.post("/theme", {"theme": "dark", "next": "/assets?kind=model"})
    assert answer.headers["Location"] == "/assets?kind=model"
    assert 'data-theme="dark"' in client.get("/assets").content.decode()
    client.post("/theme", {"theme": "plaid", "next": "/assets"})
    assert 'data-theme="' not in client.get("/assets").content.decode()
    assert client.get("/theme").status_code == 405
