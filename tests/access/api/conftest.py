"""Callers of the API of access: sessions whose second factor was proven just now, and tokens of their own scopes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.access.models import AccessRequest
from apps.accounts.services import create_token
from tests.access.asking import TIER_2, World
from tests.access.web.conftest import fresh, world

__all__ = ["asked", "body", "fresh", "tokens", "world"]

Caller = Callable[..., "Api"]
PROBLEM = "application/problem+json"


class Api:
    """A client that posts JSON and reads JSON."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Post a body to an address under /api/v1/."""
        sent = {} if body is None else body
        return self.client.post(f"/api/v1/{path}", sent, content_type="application/json", headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        """Get an address under /api/v1/."""
        return self.client.get(f"/api/v1/{path}", query)


@pytest.fixture
def session(fresh: Callable[..., Client]) -> Caller:
    """A session by the member's name."""
    return lambda name, **how: Api(fresh(name, **how))


@pytest.fixture
def tokens(world: World) -> Caller:
    """A token by the member's name and its scopes; an administrator makes those of service accounts."""

    def make(name: str, *scopes: str) -> Api:
        user = world.user(name)
        maker = "security_admin" if user.kind == "service" else name
        given = scopes or ("read:access", "read:inventory", "request")
        text = create_token(actor=world.actor(maker), user=user, name="test", scopes=given, days=1).value[1]
        return Api(Client(headers={"authorization": f"Bearer {text}"}))

    return make


@pytest.fixture
def body(world: World) -> Callable[..., dict[str, Any]]:
    """What is sent to ask for an hour of reading the weights."""

    def make(**fields: Any) -> dict[str, Any]:
        usual = {
            "asset": str(world.asset.pk), "operation": TIER_2, "minutes": 60, "reason": "Compare with the last release"
        }  # fmt: skip
        return {name: value for name, value in {**usual, **fields}.items() if value is not None}

    return make


@pytest.fixture
def asked(world: World) -> AccessRequest:
    """The engineer's request, which waits for the owner."""
    return world.ask("engineer")


def refused(answer: Any, status: int, words: str = "") -> dict[str, Any]:
    """Check that an answer is a problem with these words; return it."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == PROBLEM
    told = dict(answer.json())
    assert told["status"] == status and told["title"]
    assert words in str(told), told
    return told
