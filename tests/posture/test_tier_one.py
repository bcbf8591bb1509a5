"""The results that bear on tier-1 assets, which the stage Initial is decided on: after a run and after a re-check."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.inventory.models import Asset, Identity
from apps.posture.models import Run, RunTotal
from apps.posture.services.rechecks import recheck_subject
from apps.posture.spec import CHECKS
from tests.factories import (
    make_asset,
    make_credential,
    make_entitlement,
    make_identity,
    make_import,
    make_person,
    make_source,
)
from tests.posture.conftest import ACTOR, run_now

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def of_high_severity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the critical check of the function, so that the high ones, which these tests are about, decide it."""
    monkeypatch.setattr(CHECKS, "_entries", {spec.id: spec for spec in CHECKS if spec.id != "ID-02"})


def tier_one(run: Run, check_id: str) -> dict[tuple[str, str], int | None]:
    """Return the tier-1 counts of a check by outcome and reason."""
    totals = RunTotal.objects.filter(run=run, check_id=check_id)
    return {(total.outcome, total.reason): total.tier1 for total in totals}


def recheck(check_id: str, subject_id: object) -> Run:
    """Judge one subject again and return the small run."""
    recheck_subject(actor=ACTOR, check_id=check_id, subject_id=subject_id, now=clock.now())  # type: ignore[arg-type]
    return Run.objects.latest("number")


def world() -> tuple[Identity, Identity, Asset]:
    """Return two people who fail ID-01, the first with access to a version of the tier-1 model."""
    source = make_source(observed_at=clock.now())
    fields = {"source": source, "password_sign_in": "yes", "mfa_known": "yes"}
    near, far = make_identity(**fields), make_identity(**fields)
    top, low = make_asset(tier=1), make_asset(tier=3)
    version = make_asset(kind="model_version", parent=top, version="1", version_number=1)
    make_entitlement(near, asset=version)
    make_entitlement(near, asset=low)
    make_entitlement(far, asset=low)
    make_entitlement(far, asset=make_asset(tier=1, gone_at=clock.now()))
    make_credential(near, rotated_at=clock.now() - timedelta(days=400))
    return near, far, top


def test_a_run_counts_who_bears_on_a_tier_one_asset() -> None:
    """Through the version to its model, with the credentials of the identity; what is gone bears on nothing."""
    world()
    run = run_now()
    assert tier_one(run, "ID-01") == {("failing", "no_factor"): 1}
    assert tier_one(run, "NH-01") == {("failing", "too_old"): 1}
    assert tier_one(run, "GV-01") == {("failing", "no_owner"): 1}


def test_a_re_check_moves_its_subject() -> None:
    """From failing to met; the other counts stay."""
    near, _, _ = world()
    run_now()
    Identity.objects.filter(pk=near.pk).update(password_sign_in="no")
    run = recheck("ID-01", near.pk)
    assert tier_one(run, "ID-01") == {("failing", "no_factor"): 0, ("not_applicable", "no_password"): 1}
    assert tier_one(run, "NH-01") == {("failing", "too_old"): 1}
    assert tier_one(run_now(), "ID-01") == tier_one(run, "ID-01")


def test_a_re_check_of_an_asset_and_of_a_credential() -> None:
    """An asset bears on itself, a credential through its identity."""
    near, _, top = world()
    run_now()
    owner = make_person()
    Asset.objects.filter(pk=top.pk).update(owner=owner, owner_confirmed_at=clock.now())
    assert tier_one(recheck("GV-01", top.pk), "GV-01") == {("failing", "no_owner"): 0, ("met", ""): 1}
    key = near.credentials.get()
    key.rotated_at = clock.now()
    key.save()
    assert tier_one(recheck("NH-01", key.pk), "NH-01") == {("met", ""): 1}


def test_a_re_check_of_who_bears_on_none_moves_nothing() -> None:
    """Its own counts change, those of tier 1 do not."""
    _, far, _ = world()
    run_now()
    Identity.objects.filter(pk=far.pk).update(password_sign_in="no")
    run = recheck("ID-01", far.pk)
    assert tier_one(run, "ID-01") == {("failing", "no_factor"): 1, ("not_applicable", "no_password"): 0}


def test_after_an_import_a_re_check_counts_all() -> None:
    """What the last run counted is no more what is there; and the next run still sees that something was imported."""
    near, far, top = world()
    before = run_now()
    make_import(source=near.source, state="applied", observed_at=clock.now())
    make_entitlement(far, asset=top)
    Identity.objects.filter(pk=near.pk).update(password_sign_in="no")
    run = recheck("ID-01", near.pk)
    assert tier_one(run, "ID-01") == {("failing", "no_factor"): 1, ("not_applicable", "no_password"): 1}
    assert run.inventory_mark == before.inventory_mark
    assert run_now().inventory_mark != before.inventory_mark
