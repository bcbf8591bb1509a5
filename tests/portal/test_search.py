"""Search shows what the actor may see, by name, login, mail and finding number, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.portal.queries import search
from tests.cast import Cast
from tests.posture.world import make_world

SignIn = Callable[[str], Client]
pytestmark = pytest.mark.django_db


def titles(cast: Cast, name: str, text: str) -> set[str]:
    return {hit.title for group in search(cast.actor(name), text) for hit in group.hits}


def test_the_own_team_is_found_and_the_other_is_not(cast: Cast) -> None:
    make_world(cast)
    assert "credit-risk-scorer" in titles(cast, "ciso", "credit-risk")
    assert "credit-risk-scorer" in titles(cast, "engineer", "credit-risk")
    assert titles(cast, "outsider", "credit-risk") == set()
    assert titles(cast, "engineer", "churn-gbm") == set()


def test_a_finding_is_found_by_its_number_only_by_who_may_see_it(cast: Cast, signed_in: SignIn) -> None:
    world = make_world(cast)
    number = world.finding("ID-01", world.stranger).number
    assert signed_in("ciso").get(f"/search?q=F-{number}").headers["Location"] == f"/findings/F-{number}"
    answer = signed_in("engineer").get(f"/search?q=F-{number}")
    assert answer.status_code == 200
    assert "Nothing found" in answer.content.decode()


def test_sources_are_for_wide_roles(cast: Cast) -> None:
    make_world(cast)
    assert "entra" in titles(cast, "auditor", "entra")
    assert "entra" not in titles(cast, "manager", "entra")


@pytest.mark.parametrize(
    "text", ["", " ", "x", "F-", "F-999999999", "%%", "__", "'; DROP TABLE", "a" * 5000, "\x00\u202e"]
)
def test_odd_words_find_nothing_and_break_nothing(cast: Cast, text: str) -> None:
    make_world(cast)
    assert search(cast.actor("ciso"), text) == []


def test_a_list_that_is_cut_says_so(cast: Cast, django_assert_max_num_queries: Any) -> None:
    make_world(cast, extra=12)
    actor = cast.actor("ciso")
    with django_assert_max_num_queries(5):
        groups = search(actor, "extra")
    identities = next(group for group in groups if group.label == "Identities")
    assert len(identities.hits) == 8 and identities.more


def test_an_imported_name_is_shown_as_words(cast: Cast, signed_in: SignIn) -> None:
    make_world(cast)
    page = signed_in("ciso").get("/search?q=onerror&stay=1").content.decode()
    assert "<img src=x" not in page and "\u202e" not in page
