"""Exceptions over the API: the same services, read and asked for with a token, signed by nobody with one."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.accounts.services.tokens import create_token
from apps.governance.models import RiskException
from tests.governance.accepting import World

pytestmark = pytest.mark.django_db


def client_of(world: World, name: str, *scopes: str) -> Client:
    """Return a client with a token of a member."""
    user = world.cast.users[name]
    made = create_token(actor=world.actor(name), user=user, name="api", scopes=frozenset(scopes), days=9).value
    secret = made[1] if isinstance(made, tuple) else made
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, **body: Any) -> Any:
    """Post JSON."""
    return client.post(path, json.dumps(body), content_type="application/json")


def test_ask_and_read_with_a_token_and_sign_never(world: World) -> None:
    owner = client_of(world, "owner", "read:posture", "request")
    body = {
        "kind": "finding", "key": str(world.finding().pk), "reason": "Replaced next month",
        "compensating": world.option(), "ends_on": world.day(20).isoformat(),
    }  # fmt: skip
    made = post(owner, "/api/v1/exceptions", **body)
    assert made.status_code == 201, made.content
    assert made.json()["name"] == "EX-1" and made.json()["votes"] == []
    assert post(owner, "/api/v1/exceptions", **body).status_code == 403
    listed = owner.get("/api/v1/exceptions?state=asked").json()["results"]
    assert [row["number"] for row in listed] == [1]
    ciso = client_of(world, "ciso", "read:posture", "request")
    refused = post(ciso, "/api/v1/exceptions/1/sign", reason="Seen")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "A token does not do this; sign in."
    assert RiskException.objects.get().state == "asked"


def test_a_token_that_reads_asks_nothing_and_strangers_see_nothing(world: World) -> None:
    reading = client_of(world, "owner", "read:posture")
    assert post(reading, "/api/v1/exceptions", kind="finding").status_code == 403
    world.ask()
    for name in ("engineer", "outsider"):
        other = client_of(world, name, "read:posture")
        assert other.get("/api/v1/exceptions").json()["results"] == []
        assert other.get("/api/v1/exceptions/1").status_code == 404
    assert client_of(world, "auditor", "read:posture").get("/api/v1/exceptions/1").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "planet"), ("ends_on", "tomorrow"), ("reason", ""), ("surprise", 1), ("compensating", "x" * 90)],
)
def test_bad_input_names_the_field(world: World, field: str, value: Any) -> None:
    owner = client_of(world, "owner", "read:posture", "request")
    body = {"kind": "finding", "key": "1", "reason": "r", "compensating": "x", "ends_on": world.day(2).isoformat()}
    answer = post(owner, "/api/v1/exceptions", **{**body, field: value})
    assert answer.status_code == 400 and field in answer.json()["errors"]
