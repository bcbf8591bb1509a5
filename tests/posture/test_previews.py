"""A change of parameters shows its effect first; the next run finds exactly that."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.posture.models import CheckVersion, Result, Run
from apps.posture.queries.headline import headline, total_of
from apps.posture.queries.trends import version_markers
from apps.posture.services.previews import preview_parameters
from apps.posture.services.versions import set_parameters
from tests.factories import make_identity, make_source
from tests.posture.conftest import ACTOR, run_now
from tests.posture.scripted import TS_01, TS_03

pytestmark = pytest.mark.django_db


@pytest.fixture
def population(checks: Callable[..., None]) -> None:
    """Ten identities, last used 10, 20 … 100 days ago, one of which nothing is known."""
    checks(TS_01, TS_03)
    source = make_source()
    now = clock.now()
    for tens in range(1, 11):
        make_identity(source=source, job_title="met", last_used_at=now - timedelta(days=10 * tens))
    make_identity(source=source, job_title="met")


def test_the_preview_equals_the_next_run(population: None) -> None:
    """Counts, moves and headline."""
    before = run_now()
    seen = preview_parameters(actor=ACTOR, check_id="TS-03", params={"days": "25"}, now=clock.now())
    assert (seen.before.failing, seen.after.failing, seen.after.met, seen.after.not_evaluated) == (6, 8, 2, 1)
    assert seen.moves[("met", "failing")] == 2
    assert seen.sentence == "2 results would turn failing, 68.2 → 59.1 %"
    assert Result.objects.filter(to_run__isnull=False).count() == 0
    set_parameters(actor=ACTOR, check_id="TS-03", params={"days": 25}, expected_version=1, now=clock.now())
    run = run_now()
    assert total_of(run, "TS-03") == seen.after
    assert headline(run) == seen.headline_after
    assert headline(before) == seen.headline_before
    assert run.opened == 2


def test_saving_makes_a_version_that_trends_mark(population: None) -> None:
    """The old version stays, spans say which one judged them."""
    run_now()
    set_parameters(actor=ACTOR, check_id="TS-03", params={"days": 60}, note="Too noisy", now=clock.now())
    run = run_now()
    versions = CheckVersion.objects.filter(check_id="TS-03").order_by("number")
    assert [(v.number, v.params["days"], v.active) for v in versions] == [(1, 45, False), (2, 60, True)]
    assert set(Result.objects.at(run.pk).filter(check_id="TS-03").values_list("version__number", flat=True)) == {2}
    assert [(m.check_id, m.number, m.note) for m in version_markers(clock.now())] == [("TS-03", 2, "Too noisy")]


@pytest.mark.parametrize("days", ["6", "366", "x", "", "1e3", None, True])
def test_bounds_are_kept(population: None, days: object) -> None:
    """Neither previewed nor saved."""
    with pytest.raises(Invalid):
        preview_parameters(actor=ACTOR, check_id="TS-03", params={"days": days}, now=clock.now())
    with pytest.raises(Invalid):
        set_parameters(actor=ACTOR, check_id="TS-03", params={"days": days}, now=clock.now())


def test_a_version_that_changed_meanwhile_is_a_conflict(population: None) -> None:
    """What was previewed is what is saved."""
    run_now()
    set_parameters(actor=ACTOR, check_id="TS-03", params={"days": 60}, now=clock.now())
    with pytest.raises(Conflict):
        set_parameters(actor=ACTOR, check_id="TS-03", params={"days": 70}, expected_version=1, now=clock.now())


def test_new_code_makes_a_version_and_keeps_parameters(population: None, checks: Callable[..., None]) -> None:
    """The code's version is part of what judged."""
    run_now()
    set_parameters(actor=ACTOR, check_id="TS-03", params={"days": 60}, now=clock.now())
    fields = {name: getattr(TS_03, name) for name in TS_03.__dataclass_fields__}
    checks(TS_01, TS_03.__class__(**{**fields, "version": 2}))
    run_now()
    version = CheckVersion.objects.get(check_id="TS-03", active=True)
    assert (version.number, version.code_version, version.params) == (3, 2, {"days": 60})
    assert Run.objects.count() == 2
