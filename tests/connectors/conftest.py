"""Connections to peers on this machine."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.connectors import services
from apps.connectors.models import Connection
from tests.cast import Cast
from tests.connectors.peer import Peer, answer, peer

SECRET = "hunter2-hunter2-hunter2-hunter2"


@pytest.fixture(autouse=True)
def inside(settings: Any) -> None:
    """Targets of these tests are on this machine."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.0/8"]


@pytest.fixture
def there() -> Iterator[Peer]:
    """A receiver that takes everything."""
    with peer(answer()) as running:
        yield running


@pytest.fixture
def hook(cast: Cast, there: Peer) -> Connection:
    """A tested webhook connection to the receiver, whose records start empty."""
    made = services.add(
        actor=cast.actor("security_admin"),
        name="Access hook",
        driver="webhook",
        settings={"url": f"{there.url}/hook"},
        secret={"signing_secret": SECRET},
    )
    there.requests.clear()
    return made
