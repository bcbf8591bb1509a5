"""The list of findings: its counts and totals are those of its rows, and what it offers follows what people decide."""

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from apps.core import clock
from apps.core.actor import system
from apps.posture.models import AssetScore, Finding, FurthestAsset
from apps.posture.queries.assets import furthest_after, furthest_from_proven
from apps.posture.queries.findings import FindingFilters, finding_counts, finding_list
from apps.posture.services.findings import assign_owner, mark_fixed
from apps.posture.states import Severity
from tests.cast import Cast
from tests.factories import make_factor
from tests.posture.conftest import run_now
from tests.posture.world import World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
ACTOR = system("test")


@pytest.fixture
def world(cast: Cast) -> Iterator[World]:
    """The small organisation, judged."""
    cache.clear()
    yield make_world(cast)
    cache.clear()


def counted() -> dict[str, int]:
    """The unresolved findings by severity, counted row by row."""
    found = dict.fromkeys(Severity.values, 0)
    for finding in Finding.objects.unresolved():
        found[finding.severity] += 1
    return found


def test_counts_are_those_of_the_rows_after_every_change(cast: Cast, world: World) -> None:
    """After a run, a fix that awaits proof, and the run that proves one."""
    assert finding_counts(ACTOR) == counted()
    mark_fixed(actor=cast.actor("security_admin"), number=world.finding("ID-01", world.stranger).pk)
    assert finding_counts(ACTOR) == counted()
    make_factor(world.stranger)
    run_now()
    assert finding_counts(ACTOR) == counted()
    assert Finding.objects.filter(state="resolved").exists()


def test_others_are_told_what_they_see(cast: Cast, world: World) -> None:
    for name in ("manager", "owner", "engineer", "outsider"):
        actor = cast.actor(name)
        assert sum(finding_counts(actor).values()) == Finding.objects.visible_to(actor).unresolved().count(), name
    assert sum(finding_counts(cast.actor("outsider")).values()) < sum(finding_counts(ACTOR).values())


@pytest.mark.parametrize("name", ["ciso", "owner"])
def test_totals_lead_to_their_rows(signed_in: SignIn, world: World, name: str) -> None:
    """Unfiltered, by one severity, by two, and by one with another filter."""
    client = signed_in(name)
    asked: list[dict[str, object]] = [{}, {"severity": ["critical", "high"]}, {"severity": "high", "check": "ID-01"}]
    for data in [*asked, *({"severity": severity} for severity in Severity.values)]:
        context = client.get("/findings", data).context
        assert context["total"] == len(context["rows"]), data
    assert client.get("/findings", {"severity": "worst"}).status_code == 400


def test_the_order_is_worst_and_most_overdue_first(cast: Cast, world: World) -> None:
    rows = list(finding_list(ACTOR, FindingFilters(), clock.now().date()))
    ranks = {severity: rank for rank, severity in enumerate(Severity.values)}
    keys = [(ranks[row.severity], row.due_on, row.number) for row in rows if row.due_on]
    assert keys == sorted(keys) and len(keys) > 3


def test_owners_are_offered_as_soon_as_they_see_to_one(cast: Cast, signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")

    def offered() -> list[str]:
        return [label for _, label in ciso.get("/findings").context["filterset"].form.fields["owner"].choices]

    assert "Marek Novak" not in offered()
    assign_owner(
        actor=cast.actor("security_admin"),
        number=world.finding("ID-01", world.identity).pk,
        person_id=world.stranger.person_id,
    )
    assert "Marek Novak" in offered()
    assert "Marek Novak" not in [
        label for _, label in signed_in("engineer").get("/findings").context["filterset"].form.fields["owner"].choices
    ]


def test_a_run_keeps_the_furthest_as_they_were(world: World) -> None:
    """The same assets and numbers as sorted live; a later run keeps its own."""
    live, of = furthest_from_proven(ACTOR)
    kept, total = furthest_after(ACTOR, world.run)
    assert total == of == 1
    assert [(row.asset_id, row.met, row.applicable) for row in kept] == [
        (row.asset_id, row.met, row.applicable) for row in live
    ]
    make_factor(world.stranger)
    later = run_now()
    assert furthest_after(ACTOR, later)[0][0].met == AssetScore.objects.get(pk=world.model.pk).met
    assert furthest_after(ACTOR, world.run)[0][0].met == kept[0].met < AssetScore.objects.get(pk=world.model.pk).met


def test_a_run_that_kept_none_shows_those_of_now(world: World) -> None:
    """As after an upgrade, before the next run."""
    FurthestAsset.objects.all().delete()
    assert [row.asset_id for row in furthest_after(ACTOR, world.run)[0]] == [world.model.pk]
