"""The steps of the first run: each is done when the portal shows a real result of it."""

from collections.abc import Callable

import pytest
from django.test import Client

from apps.portal.queries import first_run
from tests.cast import Cast
from tests.posture.world import make_world

SignIn = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def test_in_an_empty_portal_nothing_is_done_and_the_sample_is_offered(cast: Cast, signed_in: SignIn) -> None:
    steps = first_run(cast.actor("security_admin"))
    assert [step.done for step in steps] == [False] * 4
    page = signed_in("security_admin").get("/setup").content.decode()
    assert "Load the sample organisation" in page
    assert page.count("btn pri") >= 1


def test_real_results_end_the_steps(cast: Cast, signed_in: SignIn) -> None:
    """Owners stay open while an asset has none that was confirmed."""
    world = make_world(cast)
    steps = first_run(cast.actor("security_admin"))
    assert [step.done for step in steps] == [True, True, False, True]
    assert "2 assets" in steps[1].result and steps[3].result == f"run {world.run.pk} published"
    assert "Load the sample organisation" not in signed_in("security_admin").get("/setup").content.decode()


@pytest.mark.parametrize("name", ["ciso", "auditor", "manager", "engineer", "outsider"])
def test_only_a_security_administrator_opens_it(signed_in: SignIn, name: str) -> None:
    client = signed_in(name)
    assert client.get("/setup").status_code == 403
    assert client.post("/setup/sample").status_code == 403
