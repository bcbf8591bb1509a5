"""Answers kept until something they depend on changes: never older than the newest event, never for a narrow actor."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from apps.audit.models import Entry
from apps.core.actor import Actor, system
from apps.core.command import Changed, command
from apps.core.errors import Forbidden
from apps.core.events import ACTIVITY, PRIVILEGED, Event, Subject
from apps.inventory.models import OwnerClaim
from apps.inventory.queries import assets, people
from apps.inventory.queries.kept import kept, revision
from apps.inventory.services.ownership import set_tier
from tests.cast import Cast
from tests.factories import NOW, make_asset, make_identity, make_import, make_observation, make_person, make_source

pytestmark = pytest.mark.django_db
ACTOR = system("test")
SignIn = Callable[[str], Client]
NO_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def happen(name: str, log: str = PRIVILEGED, actor: Actor = ACTOR, refuse: bool = False) -> None:
    """Let an event of this name happen, or be refused."""

    @command(Event(name, "Something", log))
    def act(*, actor: Actor, now: Any) -> Changed:
        if refuse:
            raise Forbidden("No.")
        return Changed(Subject("thing", "1", "One"))

    act(actor=actor)


def test_the_mark_changes_with_the_events_it_is_about_only() -> None:
    assert revision("posture.") == ""
    happen("posture.run.published")
    mark, whole = revision("posture."), revision("")
    assert mark and whole
    happen("accounts.role.removed")
    happen("posture.something.read", ACTIVITY)
    with pytest.raises(Forbidden):
        happen("posture.run.published", refuse=True)
    assert revision("posture.") == mark
    assert revision("") != whole
    happen("posture.run.published")
    assert revision("posture.") not in ("", mark)
    assert revision("posture.") == revision("posture.")


def test_the_mark_of_an_emptied_cache_is_as_good(django_assert_num_queries: Any) -> None:
    """It may be another mark for the same rows, never the same mark for other rows; each costs one query."""
    happen("posture.run.published")
    before = revision("posture.")
    happen("posture.run.published")
    cache.clear()
    assert revision("posture.") != before
    with django_assert_num_queries(1):
        revision("posture.")


def test_a_log_that_is_not_the_one_of_before_keeps_nothing() -> None:
    """A restored database has other events at the same places."""
    happen("posture.run.published")
    mark = revision("posture.")
    entry = Entry.objects.get()
    cache.set("revision:posture.", (entry.seq, "another leaf", "another mark"))
    assert revision("posture.") == mark
    cache.set("revision:posture.", (entry.seq + 40, "a later leaf", "a later mark"))
    assert revision("posture.") == mark


def test_kept_is_asked_once_and_again_after_an_event() -> None:
    asked: list[int] = []

    def make() -> list[int]:
        asked.append(1)
        return []

    happen("inventory.tier.set")
    for _ in range(3):
        assert kept(ACTOR, "test", ("inventory.",), make) == []
    assert len(asked) == 1
    happen("inventory.tier.set")
    kept(ACTOR, "test", ("inventory.",), make)
    kept(ACTOR, "other", ("inventory.",), make)
    assert len(asked) == 3


def test_nothing_is_kept_for_who_sees_a_part_nor_without_events_nor_without_a_cache(cast: Cast) -> None:
    answers = iter(range(100))
    first = [kept(ACTOR, "test", ("inventory.",), lambda: next(answers)) for _ in range(2)]
    happen("inventory.tier.set")
    for name in ("manager", "owner", "engineer", "outsider"):
        narrow = cast.actor(name)
        first += [kept(narrow, "test", ("inventory.",), lambda: next(answers)) for _ in range(2)]
    with override_settings(CACHES=NO_CACHE):
        first += [kept(ACTOR, "test", ("inventory.",), lambda: next(answers)) for _ in range(2)]
    assert first == list(range(len(first)))


def test_the_survey_of_assets_and_the_first_page_follow_a_tier(cast: Cast, signed_in: SignIn) -> None:
    """Who sees all sees the new order at once; whoever asked before."""
    happen("inventory.tier.set")
    low, high = make_asset(name="a late one", tier=3), make_asset(name="b strict one", tier=1)
    ciso = signed_in("ciso")

    def order() -> list[Any]:
        return [row["asset"].pk for row in ciso.get("/assets").context["rows"]]

    assert order() == [high.pk, low.pk] == order()
    set_tier(actor=cast.actor("security_admin"), asset_id=high.pk, tier=3)
    assert order() == [low.pk, high.pk]


def test_the_survey_tells_what_there_is_to_each_their_own(cast: Cast) -> None:
    source = make_source(name="registry")
    team = cast.teams["Model Engineering"]
    mine = make_asset(name="mine", team=team, business_unit="Lending", environment="prod", classification="secret")
    make_asset(name="theirs", kind="dataset", business_unit="Marketing")
    make_observation(mine, source=source)
    OwnerClaim.objects.create(
        asset=mine,
        person=make_person(),
        source=source,
        source_key="mine",
        last_import=make_import(source),
        observed_at=NOW,
        first_seen_at=NOW,
    )
    wide, narrow = assets.survey(cast.actor("ciso")), assets.survey(cast.actor("engineer"))
    assert (wide.total, narrow.total) == (2, 1)
    assert wide.units == ["Lending", "Marketing"] and narrow.units == ["Lending"]
    assert wide.environments == narrow.environments == ["prod"]
    assert wide.classes == narrow.classes == ["secret"]
    assert wide.sources == [(source.pk, "registry")] == narrow.sources
    assert wide.suggested == narrow.suggested == 1
    assert assets.survey(cast.actor("outsider")).total == 0


def test_totals_are_those_of_the_rows(cast: Cast, signed_in: SignIn) -> None:
    """Kept or counted, for all, for a kind and for a page that is not the first."""
    happen("inventory.import.applied")
    source = make_source()
    for number in range(53):
        make_identity(source=source, name=f"i{number:02}", gone_at=NOW if number == 52 else None)
    for number in range(3):
        make_asset(name=f"m{number}", kind="model" if number else "dataset")
    ciso = signed_in("ciso")
    for _ in range(2):
        assert ciso.get("/identities").context["total"] == 52
        page = ciso.get("/identities", {"page": "2"})
        assert [row["identity"].name for row in page.context["rows"]] == ["i50", "i51"]
        assert ciso.get("/identities", {"q": "i0"}).context["total"] == 10
        assert ciso.get("/assets").context["total"] == 3
        assert ciso.get("/assets", {"kind": ["model", "dataset"]}).context["total"] == 3
        assert ciso.get("/assets", {"kind": "model", "q": "m2"}).context["total"] == 1
        assert signed_in("outsider").get("/assets").context["total"] == 0


def test_rows_of_a_page_keep_order_and_facts(cast: Cast) -> None:
    source = make_source()
    keys = [make_identity(source=source, name=name).pk for name in ("c", "a", "b")]
    rows = people.list_identities(ACTOR).order_by("-name")
    shown = people.shown_identities(ACTOR, rows[:2])
    assert [identity.pk for identity in shown] == [keys[0], keys[2]]
    assert [identity.active_keys for identity in shown] == [0, 0]  # type: ignore[attr-defined]
