"""The page of the second look: blind, one answer at a time, for those whom it is put to."""

import pytest

from apps.reviews.queries.seconding import seconds_left
from apps.reviews.states import ItemState
from tests.reviews.test_seconding import sealed
from tests.reviews.web.conftest import SignIn
from tests.reviews.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("choice", ["keep", "revoke"])
def test_the_page_tells_nothing_of_the_first_answer(world: World, fresh: SignIn, choice: str) -> None:
    """Neither what was answered, nor by whom, nor what became of it; nothing is chosen."""
    campaign = sealed(world, 3, choice)
    text = fresh("ciso").get(f"/reviews/{campaign.pk}/second").content.decode()
    table = text[text.index("<tbody") : text.index("</tbody>")]
    assert (table.count("Keep"), table.count("Revoke")) == (3, 3)
    assert "checked" not in table and world.user("manager").name not in table
    assert not any(state.label in table for state in ItemState)


def test_the_page_takes_answers_one_by_one(world: World, fresh: SignIn) -> None:
    """Listed where reviews are, saved with a button, gone from the list; others do not get there."""
    campaign = sealed(world)
    where, admin = f"/reviews/{campaign.pk}/second", fresh("security_admin")
    assert where in admin.get("/reviews").content.decode()
    for row in seconds_left(campaign, world.user("security_admin").pk):
        assert f'value="{row.pk}"' in admin.get(where).content.decode()
        said = {"item": str(row.pk), "do": "keep", "digest": row.digest}
        assert admin.post(where, said).status_code == 302
        assert admin.post(where, said).status_code == 409
    assert "Nothing is left" in admin.get(where).content.decode()
    assert where not in admin.get("/reviews").content.decode()
    for name in ("manager", "auditor", "engineer"):
        client = fresh(name)
        assert client.get(where).status_code == 403 and where not in client.get("/reviews").content.decode()
