"""A policy enforcement point with a token, and the records of the certification scenario."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from apps.access.decisions.questions import DOMAINS
from apps.accounts.services import create_token
from tests.access.authzen.fixture import RecordDomain
from tests.cast import Cast

Post = Callable[..., Any]


@pytest.fixture
def records() -> Iterator[None]:
    """The domain of the certification scenario, for one test."""
    DOMAINS._entries["record"] = RecordDomain()
    yield
    del DOMAINS._entries["record"]


@pytest.fixture
def token(cast: Cast) -> str:
    """A token of the service account that may ask for decisions."""
    made = create_token(
        actor=cast.actor("security_admin"), user=cast.users["service"], name="gateway", scopes=["decide"], days=9
    )
    return str(made.value[1])


@pytest.fixture
def post(token: str) -> Post:
    """Post a body as the enforcement point; other headers and types by keyword."""

    def send(path: str, body: Any, content_type: str = "application/json", **headers: str) -> Any:
        raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
        given = {"HTTP_AUTHORIZATION": f"Bearer {token}"} | headers
        return Client().post(f"/access/v1/{path}", raw, content_type=content_type, **given)

    return send


@pytest.fixture
def get(token: str) -> Post:
    """Get an absolute address as the enforcement point."""

    def fetch(address: str) -> Any:
        return Client(HTTP_AUTHORIZATION=f"Bearer {token}").get("/" + address.split("/", 3)[3])

    return fetch
