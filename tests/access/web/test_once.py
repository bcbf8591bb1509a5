"""The operation itself: asked for with its payload, shown to who decides, run once from the page of its request."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.access.models import AccessRequest, Grant, HeldOperation, ManualTask
from apps.access.services.held import UNDO_WINDOW, payload_digest
from apps.access.states import HeldState
from apps.core import clock
from apps.inventory.models import Asset
from tests.access.asking import World, build
from tests.access.grants import FakeTarget, use_fake
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
HOSTILE = "<script>alert(1)</script>\u202egnp"


@pytest.fixture
def world(cast: Cast) -> World:
    """The cast and an asset whose content is known."""
    return build(cast, content_digest=DIGEST)


@pytest.fixture
def target(world: World, monkeypatch: pytest.MonkeyPatch) -> FakeTarget:
    """What runs operations on it."""
    return use_fake(monkeypatch, world.asset, **{"model.promote": "promote"})


def form(world: World, **fields: Any) -> dict[str, Any]:
    """Return a filled form."""
    given = {
        "asset": f"{world.asset.kind}/{world.asset.slug}", "do": "model.promote", "as": "once", "why": "Release 4.2",
        "act": "Set the alias champion", "version": "7", "with": "alias = champion\nstage = production",
        "digest": DIGEST, "step": "send", **fields,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


def asked(client: Client, world: World, **fields: Any) -> HeldOperation:
    """Ask on the page and return what is held."""
    answer = client.post("/access/new", form(world, **fields))
    assert answer.status_code == 302, answer.content.decode()
    return HeldOperation.objects.select_related("request").get()


def approved(fresh: SignIn, world: World) -> HeldOperation:
    """Return an operation that the owner approved."""
    held = asked(fresh("engineer"), world)
    world.approve("owner", held.request)
    held.refresh_from_db()
    assert held.state == HeldState.HELD
    return held


def run(client: Client, held: HeldOperation) -> Any:
    """Press the button."""
    return client.post(f"/access/REQ-{held.request_id}", {"do": "run"})


def test_from_the_form_to_the_outcome(fresh: SignIn, world: World, target: FakeTarget) -> None:
    """Written in plain words, shown exactly to who decides, run once, and told."""
    engineer = fresh("engineer")
    held = asked(engineer, world)
    assert held.payload == {
        "what": "Set the alias champion", "version": "7", "artifact_digest": DIGEST,
        "settings": {"alias": "champion", "stage": "production"},
    }  # fmt: skip
    card = fresh("owner").get(f"/approvals/REQ-{held.request_id}").content.decode()
    for shown in ("Exactly this is run", "Set the alias champion", "With stage", "production", held.payload_digest):
        assert shown in card
    assert "Approve once" in card and "Shorter…" not in card
    world.approve("owner", held.request)
    page = engineer.get(f"/access/REQ-{held.request_id}").content.decode()
    assert 'value="run"' not in page and "The approval can still be undone" in page
    with clock.shifted(UNDO_WINDOW):
        assert 'value="run"' in engineer.get(f"/access/REQ-{held.request_id}").content.decode()
        assert run(engineer, held).status_code == 302
        page = engineer.get(f"/access/REQ-{held.request_id}").content.decode()
    assert "Run once" in page and f"held:{held.pk}" in page and 'value="run"' not in page
    assert target.runs == {f"held:{held.pk}": held.payload_digest} and not Grant.objects.exists()


def test_a_second_time_is_refused(fresh: SignIn, world: World, target: FakeTarget) -> None:
    held, engineer = approved(fresh, world), fresh("engineer")
    with clock.shifted(UNDO_WINDOW):
        assert run(engineer, held).status_code == 302
        again = run(engineer, held)
    assert again.status_code == 403 and "not held any more" in again.content.decode()
    assert len(target.runs) == 1


def test_a_changed_payload_or_content_is_not_run(fresh: SignIn, world: World, target: FakeTarget) -> None:
    """Whatever became of row or artifact meanwhile: it is refused, and the page says why."""
    held, engineer = approved(fresh, world), fresh("engineer")
    HeldOperation.objects.filter(pk=held.pk).update(payload={**held.payload, "version": "8"})
    with clock.shifted(UNDO_WINDOW):
        run(engineer, held)
        page = engineer.get(f"/access/REQ-{held.request_id}").content.decode()
    assert "The payload is not the one that was approved." in page and not target.runs


def test_a_payload_changed_while_it_waits_voids_what_was_shown(fresh: SignIn, world: World) -> None:
    held = asked(fresh("engineer"), world)
    shown = world.shown(held.request)
    changed = {**held.payload, "version": "8"}
    HeldOperation.objects.filter(pk=held.pk).update(payload=changed, payload_digest=payload_digest(changed))
    data = {"do": "approve", "digest": shown, "text": "Agreed"}
    answer = fresh("owner").post(f"/approvals/REQ-{held.request_id}", data)
    assert answer.status_code == 409 and "changed since you looked" in answer.content.decode()


@pytest.mark.parametrize("name", ["owner", "manager", "ciso", "auditor"])
def test_nobody_else_runs_it(fresh: SignIn, world: World, target: FakeTarget, name: str) -> None:
    held, client = approved(fresh, world), fresh(name)
    with clock.shifted(UNDO_WINDOW):
        answer = run(client, held)
        page = client.get(f"/access/REQ-{held.request_id}")
    assert answer.status_code in (403, 404) and not target.runs
    assert 'value="run"' not in page.content.decode()


def test_where_no_program_runs_it_a_person_sees_the_whole_payload(fresh: SignIn, world: World) -> None:
    held, engineer = approved(fresh, world), fresh("engineer")
    with clock.shifted(UNDO_WINDOW):
        assert "Hand it over now" in engineer.get(f"/access/REQ-{held.request_id}").content.decode()
        run(engineer, held)
        page = fresh("security_admin").get("/approvals/tasks").content.decode()
        assert "It is with a person" in engineer.get(f"/access/REQ-{held.request_id}").content.decode()
    assert ManualTask.objects.get().held_id == held.pk
    assert "With stage" in page and held.payload_digest in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": None}, "Say what is to be done"),
        ({"act": "x" * 501}, "Say what is to be done"),
        ({"version": " "}, "Say on which version"),
        ({"with": "alias = a\nalias = b"}, "Line 2 of the settings names a setting twice"),
        ({"with": "alias = a\nstage"}, "Line 2 of the settings is not"),
        ({"digest": OTHER}, "changed since you were shown it"),
        ({"digest": None}, "changed since you were shown it"),
        ({"do": "weights.read"}, "not asked for with a payload"),
    ],
)
def test_bad_payloads_are_said_and_ask_for_nothing(
    fresh: SignIn, world: World, fields: dict[str, Any], said: str
) -> None:
    answer = fresh("engineer").post("/access/new", form(world, **fields))
    assert answer.status_code == 400 and said in answer.content.decode()
    assert not AccessRequest.objects.exists()


def test_without_a_digest_it_is_asked_for_as_access_only(fresh: SignIn, world: World) -> None:
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="")
    client = fresh("engineer")
    page = client.get("/access/new", form(world)).content.decode()
    assert "No source tells the digest" in page and 'value="once"' not in page
    assert client.post("/access/new", form(world, digest="")).status_code == 400
    assert not AccessRequest.objects.exists()


def test_the_form_comes_with_the_choice_and_typing_is_not_swapped_away(fresh: SignIn, world: World) -> None:
    client, headers = fresh("engineer"), {"HX-Request": "true", "HX-Target": "next"}
    plain = client.get("/access/new", form(world, **{"as": None}), headers=headers).content.decode()
    assert 'value="once"' in plain and 'name="act"' not in plain
    first = client.get("/access/new", form(world), headers=headers).content.decode()
    assert 'name="act"' in first and "Ask to promote a version, once" in first
    key = first.split('name="way" value="')[1].split('"')[0]
    again = client.get("/access/new", form(world, way=key), headers=headers).content.decode()
    assert 'name="act"' not in again and 'id="send"' in again
    other = client.get("/access/new", form(world, do="eval.run", way=key), headers=headers).content.decode()
    assert 'id="way"' in other and 'value="once"' not in other


def test_the_address_keeps_what_was_written(fresh: SignIn, world: World) -> None:
    """Without scripts the page is looked at first, by an address."""
    client = fresh("engineer")
    there = client.post("/access/new", form(world, step="look")).headers["Location"]
    page = client.get(there).content.decode()
    assert 'value="Set the alias champion"' in page and "stage = production" in page and DIGEST in page


def test_hostile_payloads_are_shown_harmless(fresh: SignIn, world: World) -> None:
    held = asked(fresh("engineer"), world, act=HOSTILE, version=HOSTILE)
    for client, url in ((fresh("engineer"), "access"), (fresh("owner"), "approvals")):
        page = client.get(f"/{url}/REQ-{held.request_id}").content.decode()
        assert "<script>alert(1)" not in page and "\u202e" not in page
    assert json.dumps(held.payload).count("script") == 4


def test_pages_of_a_held_operation_stay_in_their_budget(fresh: SignIn, world: World, target: FakeTarget) -> None:
    """The page of the request and the form with its panel; the form plans once for all operations and once for one."""
    held, client = asked(fresh("engineer"), world), fresh("engineer")
    for url, data, most in ((f"/access/REQ-{held.request_id}", {}, 40), ("/access/new", form(world), 95)):
        with CaptureQueriesContext(connection) as seen:
            assert client.get(url, data).status_code == 200
        assert len(seen) <= most, url
