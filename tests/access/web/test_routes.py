"""The pages of the routes: who sees what, and the walk from a form to a version in force, without scripts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.access.models import RouteChange
from apps.access.queries.routes import version_in_force
from tests.access.asking import World
from tests.access.test_routes import changed, propose
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
TABLE, EDIT = "/setup/policies/routes", "/setup/policies/routes/edit"


def form_of(page: str) -> dict[str, str]:
    """Return what a browser without scripts would send of the form."""
    main = page.split("<main", 1)[1]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", main):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            found[name[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', main, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


def test_from_the_form_to_a_version(signed_in: SignIn, world: World) -> None:
    """See what is in force, change, see the effect, propose; another administrator confirms."""
    world.ask("engineer")
    proposer = signed_in("second_admin")
    assert "Owner of the asset; if nobody can" in proposer.get(TABLE).content.decode()
    fields = form_of(proposer.get(EDIT).content.decode())
    fields |= {"t2s1-rule": "ciso", "t2s1-fallback": "", "t2-hours": "8"}
    shown = proposer.post(EDIT, {**fields, "step": "preview"})
    text = shown.content.decode()
    assert shown.status_code == 200 and not RouteChange.objects.exists()
    assert "1 request asked again" in text and "Owner of the asset → CISO" in text and "it ends" in text
    fields = form_of(text)
    assert (fields["t2s1-rule"], fields["t2-hours"]) == ("ciso", "8")
    made = proposer.post(EDIT, {**fields, "note": "Owners travel", "step": "propose"})
    change = RouteChange.objects.get()
    assert made.headers["Location"] == f"{TABLE}/changes/{change.pk}"
    assert 'value="confirm"' not in proposer.get(made["Location"]).content.decode()
    confirmer = signed_in("security_admin")
    assert "A change waits" in confirmer.get(TABLE).content.decode()
    assert 'value="confirm"' in confirmer.get(made["Location"]).content.decode()
    assert confirmer.post(made["Location"], {"decision": "confirm"}).status_code == 302
    assert version_in_force().tiers["2"] == {**change.tiers["2"], "hours": 8}
    assert "Owners travel" in confirmer.get(f"{TABLE}/versions/2").content.decode()


def test_unchanged_forms_change_nothing(signed_in: SignIn, world: World) -> None:
    client = signed_in("security_admin")
    fields = form_of(client.get(EDIT).content.decode())
    answer = client.post(EDIT, {**fields, "note": "Nothing", "step": "propose"})
    assert answer.status_code == 400 and "Nothing differs" in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"t1s2-rule": ""}, "Two stages at least"),
        ({"t2s1-rule": ""}, "One stage at least"),
        ({"t2s1-need": "2"}, "one owner, so one approval"),
        ({"t2s1-need": "many"}, "Enter a whole number"),
        ({"t2s1-rule": "anybody"}, "not one of the available choices"),
        ({"t2s1-remind_minutes": "30"}, "before the answer is due"),
        ({"t2-hours": "999"}, "less than or equal to 168"),
        ({"based_on": "0"}, "changed meanwhile"),
    ],
)
def test_bad_routes_are_said_at_their_place(signed_in: SignIn, world: World, fields: dict[str, str], said: str) -> None:
    client = signed_in("security_admin")
    answer = client.post(EDIT, {**form_of(client.get(EDIT).content.decode()), **fields, "step": "preview"})
    assert answer.status_code == 400 and said in answer.content.decode()


def test_what_is_not_a_form_is_refused(signed_in: SignIn, world: World) -> None:
    client = signed_in("security_admin")
    for data in ({}, {"based_on": "1"}, {"based_on": "1", "step": "propose", "t1s1-rule": "\u202e<script>"}):
        assert client.post(EDIT, data).status_code == 400


@pytest.mark.parametrize("name", ["ciso", "auditor"])
def test_overseers_read_and_change_nothing(signed_in: SignIn, world: World, name: str) -> None:
    change, client = propose(world), signed_in(name)
    assert EDIT not in client.get(TABLE).content.decode()
    url = f"{TABLE}/changes/{change.pk}"
    assert client.get(url).status_code == 200 and client.get(f"{TABLE}/versions/1").status_code == 200
    assert client.get(EDIT).status_code == 403 and client.post(url, {"decision": "confirm"}).status_code == 403


@pytest.mark.parametrize("name", ["manager", "owner", "engineer", "outsider"])
def test_nobody_else_sees_them(signed_in: SignIn, world: World, name: str) -> None:
    client = signed_in(name)
    for url in (TABLE, EDIT, f"{TABLE}/versions/1"):
        assert client.get(url).status_code == 403


def test_foreign_words_are_escaped(signed_in: SignIn, cast: Cast, world: World) -> None:
    change = propose(world, changed(t3=[{**changed()["2"]["stages"][0]}]))
    RouteChange.objects.filter(pk=change.pk).update(note="<b>bold</b>")
    client = signed_in("security_admin")
    for url in (TABLE, f"{TABLE}/changes/{change.pk}"):
        assert "<b>bold" not in client.get(url).content.decode()


def test_pages_stay_in_their_budget(signed_in: SignIn, world: World) -> None:
    """At most 32 queries each, the effect included."""
    world.ask("engineer")
    client = signed_in("security_admin")
    fields = {**form_of(client.get(EDIT).content.decode()), "t2s1-rule": "ciso", "step": "preview"}
    for ask in (lambda: client.get(TABLE), lambda: client.get(EDIT), lambda: client.post(EDIT, fields)):
        with CaptureQueriesContext(connection) as seen:
            answer: Any = ask()
        assert answer.status_code == 200 and len(seen) <= 32
