"""Numbers: the headline and its parts, trends with gaps, stages, asset scores, metrics. Each from one function."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.core import clock
from apps.core.errors import Invalid
from apps.core.metrics import METRICS, Ratio
from apps.posture.models import AssetScore, Run
from apps.posture.queries.assets import furthest_from_proven
from apps.posture.queries.checks import check_detail, check_list
from apps.posture.queries.findings import ResultFilters, result_list
from apps.posture.queries.headline import (
    Tally,
    by_check,
    by_pillar,
    by_subject_kind,
    headline,
    not_evaluated,
    summed,
)
from apps.posture.queries.links import results_url
from apps.posture.queries.runs import last_published, progress
from apps.posture.queries.stages import stages
from apps.posture.queries.trends import open_findings_by_week, trend
from apps.posture.services.goals import set_targets
from tests.factories import make_asset, make_entitlement, make_identity, make_source
from tests.posture.conftest import ACTOR, run_now
from tests.posture.scripted import TS_01

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks")]


@pytest.fixture
def run() -> Run:
    """A run over five identities."""
    source = make_source()
    for first, second in zip(
        ("met", "met", "failing", "not_evaluated", "not_applicable"), ("met", "failing") * 3, strict=False
    ):
        make_identity(source=source, job_title=first, email=second)
    return run_now()


def test_an_empty_portal_has_no_per_cent() -> None:
    """Neither 0 nor 100."""
    assert headline(None).empty and headline(last_published()).ratio.percent is None
    assert headline(run_now()).empty
    assert str(METRICS["mfa_coverage"].compute(None)) == "none applicable"


def test_not_evaluated_is_in_the_denominator_and_not_applicable_outside(run: Run) -> None:
    """Met over everything that applies."""
    assert by_check(run)["TS-01"] == Tally(met=2, failing=1, not_evaluated=1, not_applicable=1)
    assert by_check(run)["TS-01"].ratio == Ratio(2, 4)
    assert by_check(run)["TS-01"].ceiling == Ratio(3, 4)


def test_parts_add_up_to_the_whole(run: Run) -> None:
    """By pillar, by check and by kind of subject."""
    whole = headline(run)
    assert whole == summed(by_pillar(run).values()) == summed(by_check(run).values())
    assert whole == summed(by_subject_kind(run).values())
    assert [(b.check_id, b.reason, b.n) for b in not_evaluated(run)] == [("TS-01", "", 1)]


def test_every_number_links_to_exactly_its_rows(run: Run) -> None:
    """The filters of the address select as many rows as the number says."""
    for check_id, tally in by_check(run).items():
        for outcome in ("met", "failing", "not_evaluated", "not_applicable", "applicable"):
            link = results_url(check=check_id, outcome=outcome, run=run.pk)
            filters = ResultFilters(**dict(parse_qsl(urlsplit(link).query)))
            assert result_list(ACTOR, filters).count() == getattr(tally, outcome)
    with pytest.raises(Invalid):
        result_list(ACTOR, ResultFilters(run="x"))


def test_percent_is_rounded_once_and_never_full_while_something_is_missing() -> None:
    """73.25 is 73.3; 999,999 of 1,000,000 is not 100.0."""
    assert Ratio(293, 400).tenths_text == "73.3"
    assert Ratio(999_999, 1_000_000).tenths_text == "99.9"
    assert (Ratio(0, 0).tenths_text, Ratio(5, 5).tenths_text) == ("–", "100.0")


def test_weeks_without_a_run_are_gaps() -> None:
    """Never a zero, never a line drawn through."""
    make_identity(job_title="met", email="failing", source=make_source(observed_at=clock.now() - timedelta(days=60)))
    now = clock.now()
    for days in (30, 8, 1):
        run_now(as_of=now - timedelta(days=days))
    points = trend(now, weeks=5)
    assert [point.tally.ratio if point.tally else None for point in points] == [
        Ratio(1, 2),
        None,
        None,
        Ratio(1, 2),
        Ratio(1, 2),
    ]
    findings = open_findings_by_week(now, weeks=5)
    assert findings[1].counts is None and findings[-1].counts is not None
    assert findings[-1].counts["critical"] == (1, 1)


def test_scores_of_assets_count_who_holds_them() -> None:
    """A model counts its versions, the identities that reach it and those that reach a version, each once."""
    source = make_source()
    model = make_asset(tier=1)
    version = make_asset(kind="model_version", parent=model)
    make_asset(tier=1, name="unheld")
    reader = make_identity(source=source, job_title="failing", email="met")
    deployer = make_identity(source=source, job_title="met", email="failing")
    for asset in (model, version):
        make_entitlement(reader, asset=asset)
    make_entitlement(deployer, asset=version)
    make_entitlement(deployer, asset=version, operation="deploy")
    run_now()
    scores = {score.asset_id: score for score in AssetScore.objects.all()}
    assert set(scores) == {model.pk, version.pk}
    found = scores[model.pk]
    assert (found.met, found.failing, found.open_critical, found.open_high) == (2, 2, 1, 1)
    assert found.oldest_due_on == clock.now().date() + timedelta(days=7)
    furthest, of = furthest_from_proven(ACTOR)
    assert ([score.asset for score in furthest], of) == ([model], 1)


def test_no_stage_without_checks_or_coverage(run: Run) -> None:
    """A pillar with an unproven function has none, and says which."""
    found = stages(run)["identity"]
    assert found.stage is None
    assert found.reason == "No stage: Identity Stores: no check proves it yet."
    by_function = {function.function: function for function in found.functions}
    assert by_function["I Auth"].stage == "traditional"
    assert stages(None)["models"].stage is None


def test_coverage_under_the_floor_gives_no_stage(checks: Callable[..., None]) -> None:
    """Three of five evaluated is the floor."""
    checks(TS_01)
    source = make_source()
    for outcome in ("met", "met", "not_evaluated", "not_evaluated"):
        make_identity(source=source, job_title=outcome)
    function = stages(run_now())["identity"].functions[0]
    assert (function.stage, function.reason) == (None, "only 2 of 4 (50 %) of its results are evaluated.")


def test_stage_initial_is_decided_on_tier_one(checks: Callable[..., None]) -> None:
    """All that bears on tier 1 is met, elsewhere not: Initial, not Advanced."""
    checks(TS_01)
    source, asset = make_source(), make_asset(tier=1)
    make_entitlement(make_identity(source=source, job_title="met"), asset=asset)
    make_identity(source=source, job_title="failing")
    assert stages(run_now())["identity"].functions[0].stage == "initial"


def test_checks_are_listed_by_what_there_is_to_gain(run: Run) -> None:
    """With their version and last totals."""
    rows = check_list(run)
    assert [row.spec.id for row in rows] == ["TS-02", "TS-01"]
    assert [row.to_gain for row in rows] == [2, 2]
    detail = check_detail("TS-01")
    assert detail.last_task is not None and detail.last_task.met == 2
    assert progress(run).percent == 100


def test_targets_are_kept_within_bounds() -> None:
    """From 0 to 100 per cent of a known pillar."""
    for percents in ({"identity": 101}, {"nowhere": 5}):
        with pytest.raises(Invalid):
            set_targets(actor=ACTOR, percents=percents, now=clock.now())
