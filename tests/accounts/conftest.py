"""What tests of accounts share."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from tests.cast import Cast

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """Counts of failed attempts live in the cache; no test inherits another's."""
    cache.clear()
    yield
    cache.clear()


def code_of(secret: str) -> str:
    """Return the code that an authenticator app shows now."""
    counters = list(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, counters[len(counters) // 2]))


@pytest.fixture
def enrol() -> Callable[[User], str]:
    """Return a function that gives a user an authenticator app and returns its secret."""

    def give(user: User) -> str:
        secret = totp.generate_totp_secret()
        totp.TOTP.activate(user, secret)
        return secret

    return give


@pytest.fixture
def sign_in(cast: Cast) -> Callable[..., Client]:
    """Return a function that signs a cast member in through the pages, with a code where one is asked."""

    def through_pages(name: str, secret: str = "", client: Client | None = None) -> Client:
        client = client or Client()
        answer = post_password(client, cast.users[name].email, PASSWORD)
        assert answer.status_code == 302, answer.content
        if secret:
            assert answer["Location"].endswith("/account/factors/authenticate/")
            answer = client.post(answer["Location"], {"code": code_of(secret)})
            assert answer.status_code == 302, answer.content
        return client

    return through_pages


def post_password(client: Client, email: str, password: str, **extra: Any) -> Any:
    """Post the sign-in form."""
    return client.post("/account/login", {"login": email, "password": password}, **extra)
