"""One production installation for the tests of this folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.journeys.portal import Portal, make_empty
from tests.production.site import Site, installed


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A migrated installation on PostgreSQL and Redis, without any process yet."""
    found = {name: os.environ.get(name, "") for name in ("ZTPORTAL_TEST_DATABASE_URL", "ZTPORTAL_TEST_REDIS_URL")}
    for name, value in found.items():
        if not value:
            missing(name)
    with installed(tmp_path_factory.mktemp("production"), *found.values()) as made:
        yield made


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Portal:
    """An embedded portal that nobody serves: for what is done by command."""
    return Portal(Path(make_empty(tmp_path_factory.mktemp("embedded"))))
