"""Fixtures of the notices tests."""

import pytest

from tests.notices.kinds import registered


@pytest.fixture(autouse=True)
def kinds() -> None:
    """The kinds of the tests are registered."""
    registered()
