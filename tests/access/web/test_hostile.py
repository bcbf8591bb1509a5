"""What somebody types that no database keeps and no calendar knows: an error in words, never a failure."""

from typing import Any

import pytest

from apps.access.models import AccessRequest
from apps.access.states import RequestState
from tests.access.asking import World
from tests.access.web.conftest import SignIn

pytestmark = pytest.mark.django_db
NUL = "Rele\x00ase"
EDGES = ("9999-12-31T23:59", "9999-12-31T23:59-14:00", "0001-01-01T00:00", "0001-01-01T00:00+14:00")


@pytest.mark.parametrize("at", EDGES)
def test_a_start_at_the_edge_of_the_calendar_is_refused(fresh: SignIn, world: World, at: str) -> None:
    given = {"asset": f"model/{world.asset.slug}", "do": "weights.read", "for": "1h", "at": at, "why": "Release"}
    client = fresh("engineer")
    assert client.get("/access/new", given).status_code in (200, 400)
    assert client.post("/access/new", given).status_code in (400, 403)
    assert not AccessRequest.objects.exists()


def test_a_nul_in_a_reason_to_ask(fresh: SignIn, world: World) -> None:
    given = {"asset": f"model/{world.asset.slug}", "do": "weights.read", "for": "1h", "why": NUL}
    client = fresh("engineer")
    assert client.post("/access/new", given).status_code == 400
    assert client.get("/access/new", given).status_code == 400


def _decided(fresh: SignIn, world: World, **said: Any) -> int:
    request = world.ask()
    form = {"digest": world.shown(request), **said}
    status = fresh("owner").post(f"/approvals/REQ-{request.pk}", form).status_code
    return int(status)


@pytest.mark.parametrize("do", ["approve", "refuse", "ask", "offer"])
def test_a_nul_in_a_decision(fresh: SignIn, world: World, do: str) -> None:
    offer = {"offered": "weights.read", "offered_minutes": "15"}
    assert _decided(fresh, world, do=do, text=NUL, **offer) == 400


@pytest.mark.parametrize(("characters", "status"), [(1900, 302), (2000, 400), (2001, 400)])
def test_an_offer_whose_reason_does_not_fit_is_not_made(
    fresh: SignIn, world: World, characters: int, status: int
) -> None:
    """The question that carries the offer has words of its own beside the reason; nothing of it is cut off."""
    said = {"text": "x" * characters, "offered": "weights.read", "offered_minutes": "15"}
    assert _decided(fresh, world, do="offer", **said) == status
    assert AccessRequest.objects.filter(state=RequestState.PENDING).count() == (status == 400)
