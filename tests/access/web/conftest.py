"""Sessions whose second factor was proven just now, and the world of requests."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.core import clock
from tests.access.asking import World, build
from tests.cast import Cast

SignIn = Callable[..., Client]


@pytest.fixture
def world(cast: Cast) -> World:
    """The cast and an asset of the owner."""
    return build(cast)


@pytest.fixture
def fresh(signed_in: Callable[[str], Client]) -> SignIn:
    """Return a client signed in as the named member whose factor (`totp`, `webauthn`) was proven now."""

    def sign_in(name: str, factor: str = "totp") -> Client:
        client = signed_in(name)
        session = client.session
        at = clock.now().timestamp()
        records = session["account_authentication_methods"]
        session["account_authentication_methods"] = [
            {**records[0], "at": at},
            {"method": "mfa", "at": at, "type": factor},
        ]
        session.save()
        return client

    return sign_in
