"""Fixtures every test may use."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.cast import Cast, assemble
from tests.own_database import database, default_is, run


def missing(what: str) -> None:
    """Skip because `what` is not there; under CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} must be there under CI")
    pytest.skip(f"{what} is not there")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ask a second time where a real browser or processes of their own are waited for.

    On a busy machine one of them may miss a moment. Two failures are a failure. Races, machines of states and
    everything in one process are never repeated.
    """
    for item in items:
        alone = item.path.parent.name in {"journeys", "production"} or item.path.stem == "test_mlflow_real"
        if alone or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast."""
    return assemble()


@pytest.fixture
def signed_in(cast: Cast) -> Callable[[str], Client]:
    """Return a client signed in as the named member, with a second factor recorded in the session."""

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(cast.users[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        session = client.session
        session["account_authentication_methods_user"] = str(cast.users[name].pk)
        session["account_authentication_methods"] = [
            {"method": "password", "at": 1795000000.0, "email": cast.users[name].email},
            {"method": "mfa", "at": 1795000000.0, "type": "totp"},
        ]
        session.save()
        return client

    return sign_in


@pytest.fixture(scope="session")
def real_inputs() -> Path:
    """The folder of real inputs, named by ZTPORTAL_REAL_INPUTS."""
    folder = os.environ.get("ZTPORTAL_REAL_INPUTS", "")
    if not folder or not Path(folder).is_dir():
        missing("ZTPORTAL_REAL_INPUTS (a folder with real inputs)")
    return Path(folder)


@pytest.fixture(scope="session")
def template(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, str]]:
    """Migrate a template once; yield the server's URL and the template's name."""
    url = os.environ.get("ZTPORTAL_TEST_DATABASE_URL", "")
    if not url:
        missing("ZTPORTAL_TEST_DATABASE_URL (a PostgreSQL server)")
    name = f"test_template_{os.getpid()}"
    run(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    try:
        with django_db_blocker.unblock(), default_is(database(url, name)):
            call_command("migrate", verbosity=0)
        yield url, name
    finally:
        run(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def postgres(template: tuple[str, str], django_db_blocker: Any) -> Iterator[None]:
    """The default database is a fresh copy of the template, in every thread."""
    url, source = template
    name = f"test_copy_{os.getpid()}"
    run(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {source}")
    try:
        with django_db_blocker.unblock(), default_is(database(url, name)):
            yield
    finally:
        run(url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
