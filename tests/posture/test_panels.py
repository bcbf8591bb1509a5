"""What the inventory's pages show of posture: n of N, what stands between, results, history, columns, navigation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.core import clock
from apps.core.navigation import entries_for
from apps.core.panels import PANELS, panels_for
from apps.posture.models import AssetScore
from apps.posture.queries.bearing import by_pillar_of, gaps_of, history_of
from apps.posture.queries.headline import summed
from apps.posture.web.panels import finding_cells, posture_card, worst_statuses
from tests.cast import Cast
from tests.factories import make_asset, make_factor
from tests.posture.conftest import run_now
from tests.posture.world import World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


@pytest.fixture
def world(cast: Cast) -> World:
    """The small organisation, judged."""
    return make_world(cast)


def test_card_counts_what_the_score_counts(cast: Cast, world: World) -> None:
    """n of N of the card, of the list and of the glyphs are one number."""
    score = AssetScore.objects.get(asset=world.model)
    card = posture_card(cast.actor("ciso"), world.model)
    assert card is not None
    tally = card["tally"]
    assert (tally.met, tally.failing, tally.not_evaluated, tally.not_applicable) == (
        score.met,
        score.failing,
        score.not_evaluated,
        score.not_applicable,
    )
    assert sum(len(row.outcomes) for row, _ in card["pillars"]) == score.applicable
    assert summed(row.tally for row in by_pillar_of(world.model.pk)).applicable == score.applicable


def test_links_of_the_card_lead_to_its_rows(cast: Cast, signed_in: SignIn, world: World) -> None:
    """Every number of the card, for who sees all."""
    card = posture_card(cast.actor("ciso"), world.model)
    assert card is not None
    client = signed_in("ciso")
    for name, url in card["links"].items():
        assert client.get(url).context["total"] == getattr(card["tally"], name), name
    for row, url in card["pillars"]:
        response = client.get(url)
        assert response.context["total"] == row.tally.applicable + row.tally.not_applicable


def test_gaps_come_failing_first_and_count_all(cast: Cast, world: World) -> None:
    """Failing before not evaluated; together they are N − n."""
    score = AssetScore.objects.get(asset=world.model)
    gaps = gaps_of(cast.actor("ciso"), world.model.pk)
    outcomes = [gap.outcome for gap in gaps]
    assert outcomes == sorted(outcomes, key=lambda outcome: outcome != "failing")
    assert sum(gap.n for gap in gaps) == score.failing + score.not_evaluated
    assert all(gap.since for gap in gaps)


def test_history_ends_at_the_score(cast: Cast, world: World) -> None:
    """The last step is today's n of N; a change adds to it."""
    score = AssetScore.objects.get(asset=world.model)
    last = history_of(world.model.pk, clock.now())[-1]
    assert (last.met, last.applicable) == (score.met, score.applicable)
    make_factor(world.stranger)
    run_now()
    assert history_of(world.model.pk, clock.now())[-1].met == score.met + 1


def test_asset_page_shows_posture(signed_in: SignIn, world: World) -> None:
    """Card, gaps, 90 days, results and their changes; names of holders made harmless."""
    client, base = signed_in("ciso"), f"/assets/model/{world.model.slug}"
    text = client.get(base).content.decode()
    score = AssetScore.objects.get(asset=world.model)
    for words in (
        f"What stands between this asset and {score.applicable} of {score.applicable}",
        "Last 90 days",
        "Posture",
    ):
        assert words in text, words
    checks = client.get(f"{base}/checks").content.decode()
    assert "⟨U+202E⟩gpj.exe" in checks
    assert "marek.novak" in checks
    world.model.owner, world.model.owner_confirmed_at = world.identity.person, clock.now()
    world.model.save()
    run_now()
    history = client.get(f"{base}/history").content.decode()
    assert "went from failing to met" in history


def test_engineer_sees_the_asset_but_not_the_holders(signed_in: SignIn, world: World) -> None:
    """n of N counts them, and the page says that some rows are not shown."""
    client, base = signed_in("engineer"), f"/assets/model/{world.model.slug}"
    for tab in ("", "/checks", "/history"):
        text = client.get(base + tab).content.decode()
        assert "marek.novak" not in text
        assert "gpj.exe" not in text
    assert "that you may not see" in client.get(f"{base}/checks").content.decode()
    assert signed_in("outsider").get(base).status_code == 404


def test_asset_without_results_shows_no_card(cast: Cast, world: World) -> None:
    """Made after the run: nothing, never 0 of 0."""
    fresh = make_asset(name="fresh", team=cast.teams["Model Engineering"])
    assert posture_card(cast.actor("ciso"), fresh) is None
    assert worst_statuses(cast.actor("ciso"), [fresh.pk]) == {}


def test_worst_status_in_one_query(cast: Cast, world: World, django_assert_num_queries: Any) -> None:
    """Failing beats not evaluated beats met; foreign assets are not told."""
    ciso = cast.actor("ciso")
    with django_assert_num_queries(1):
        found = worst_statuses(ciso, [world.model.pk, world.foreign.pk])
    assert found[world.model.pk] == "failing"
    assert world.foreign.pk not in worst_statuses(cast.actor("engineer"), [world.model.pk, world.foreign.pk])


def test_identity_and_person_pages(signed_in: SignIn, world: World) -> None:
    """Results with findings; a person's findings; the outsider's own page only for those who may see it."""
    client = signed_in("ciso")
    number = world.finding("ID-01", world.stranger).pk
    assert f"/findings/F-{number}" in client.get(f"/identities/{world.stranger.pk}").content.decode()
    assert f"/findings/F-{number}" in client.get(f"/people/{world.stranger.person_id}").content.decode()
    assert signed_in("owner").get(f"/people/{world.stranger.person_id}").status_code == 404


def test_columns_of_lists(cast: Cast, signed_in: SignIn, world: World) -> None:
    """Least proven first within a tier, both ways on demand; identities show their open findings."""
    client = signed_in("ciso")
    for sort in ("", "proven", "-proven", "critical", "-critical", "blind", "-blind"):
        response = client.get("/assets", {"sort": sort})
        assert response.status_code == 200, sort
        assert "Proven met" in response.content.decode()
    cells = finding_cells(cast.actor("ciso"), [world.identity.pk, world.stranger.pk])
    assert cells[world.identity.pk] >= 1
    assert finding_cells(cast.actor("engineer"), [world.stranger.pk]) == {}
    assert "Open findings" in client.get("/identities").content.decode()


def test_navigation(cast: Cast) -> None:
    """Findings for everyone; checks, runs and sources for wide roles only."""
    shown = {entry.name for _, entries in entries_for(cast.actor("engineer")) for entry in entries}
    assert {"findings", "assets", "identities"} <= shown
    assert not {"checks", "runs", "sources"} & shown
    assert {"checks", "runs", "sources"} <= {
        e.name for _, entries in entries_for(cast.actor("auditor")) for e in entries
    }


def test_every_panel_is_given_what_it_shows(cast: Cast, world: World) -> None:
    """No panel fails for an asset that has nothing."""
    fresh = make_asset(name="fresh")
    for slot in ("asset.main", "asset.side", "asset.checks", "asset.history"):
        assert panels_for(slot, cast.actor("ciso"), fresh) is not None
    assert {"posture.asset", "posture.days", "posture.results"} <= set(PANELS.names())


def test_asset_page_asks_little(cast: Cast, signed_in: SignIn, django_assert_max_num_queries: Any) -> None:
    """Query budget of the asset page with all panels."""
    world = make_world(cast, extra=20)
    client = signed_in("ciso")
    client.get(f"/assets/model/{world.model.slug}")
    with django_assert_max_num_queries(50):
        client.get(f"/assets/model/{world.model.slug}")
