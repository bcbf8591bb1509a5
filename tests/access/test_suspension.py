"""Suspended while a condition does not hold, resumed inside the window, ended after a week; drift and orphans."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from apps.access.models import Binding, Grant, Orphan
from apps.access.queries.live import live_grants
from apps.access.services import suspension
from apps.access.services.grants import end_all_of, release
from apps.access.services.orphans import scan_due
from apps.access.services.reconciling import expire_due
from apps.access.services.suspension import judge_conditions
from apps.access.states import EndReason, GrantState
from apps.accounts.services import deactivate_user
from apps.audit.models import Entry
from apps.core import clock
from apps.inventory.models import Asset
from apps.posture.models import Finding
from tests.access.grants import ACTOR, FakeTarget, carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import NOW, make_asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset() -> Asset:
    """A harmless model."""
    return make_asset(tier=3, tier_confirmed=True)


@pytest.fixture
def target(asset: Asset, monkeypatch: pytest.MonkeyPatch) -> FakeTarget:
    """What carries grants on it."""
    return use_fake(monkeypatch, asset)


@pytest.fixture
def grant(cast: Cast, asset: Asset, target: FakeTarget) -> Grant:
    """An active grant at the target."""
    return carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))


def unsigned(asset: Asset, **fields: Any) -> Finding:
    """Open the finding that the asset's deployed version is not proven."""
    defaults: dict[str, Any] = {
        "check_id": "MD-01", "subject_kind": "asset", "subject_id": asset.pk, "subject_label": str(asset),
        "severity": "critical", "pillar": "models", "state": "open", "first_seen_at": NOW, "opened_at": NOW,
    }  # fmt: skip
    names = {field.name for field in Finding._meta.get_fields()}
    values = {name: value for name, value in {**defaults, **fields}.items() if name in names}
    for field in Finding._meta.concrete_fields:
        missing = not field.null and not field.has_default() and not field.primary_key
        if missing and field.name not in values and field.get_internal_type() == "DateField":
            values[field.name] = NOW.date()
        elif missing and field.name not in values and field.get_internal_type() == "DateTimeField":
            values[field.name] = NOW
        elif missing and field.name not in values and "Integer" in field.get_internal_type():
            values[field.name] = 1
    return Finding.objects.create(**values)


def again(grant: Grant) -> Grant:
    """Return the grant as it is now."""
    return Grant.objects.get(pk=grant.pk)


def test_a_grant_rests_while_the_factor_is_gone_and_goes_on_to_its_old_end(grant: Grant, target: FakeTarget) -> None:
    """Refused at once, taken from the target, given again, never longer."""
    until, place = grant.expires_at, (grant.account, grant.asset.name)
    assert set(grant.conditions) == {"factor", "signed"} and judge_conditions() == 0
    Authenticator.objects.all().delete()
    assert judge_conditions() == 1
    assert again(grant).state == GrantState.SUSPENDED and "second factor" in again(grant).suspended_because
    assert not live_grants(clock.now()).exists()
    assert carried(grant).state == GrantState.SUSPENDED and target.access[place] == set()
    make_holder(grant.holder)
    with clock.shifted(timedelta(minutes=20)):
        assert judge_conditions() == 1
    now = carried(grant, within=timedelta(minutes=20))
    assert (now.state, now.expires_at) == (GrantState.ACTIVE, until) and target.access[place] == {"READ"}
    assert now.observed == "present"


def test_a_grant_rests_while_the_deployed_version_is_not_proven(grant: Grant, asset: Asset) -> None:
    """And only if it was proven when the grant began: what was decided upon as it was is no condition."""
    finding = unsigned(asset)
    assert judge_conditions() == 1 and again(grant).state == GrantState.SUSPENDED
    Finding.objects.filter(pk=finding.pk).update(state="resolved", resolved_at=NOW)
    assert judge_conditions() == 1 and again(grant).state == GrantState.ACTIVE


def test_what_was_unproven_at_activation_is_no_condition(cast: Cast, asset: Asset, target: FakeTarget) -> None:
    """Else nobody could be let in to sign it."""
    unsigned(asset)
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))
    assert grant.conditions == ["factor"] and judge_conditions() == 0


def test_resume_never_outlives_the_window(grant: Grant) -> None:
    """Over while suspended is over."""
    Authenticator.objects.all().delete()
    judge_conditions()
    with clock.shifted(timedelta(minutes=60)):
        make_holder(grant.holder)
        judge_conditions()
        assert again(grant).state == GrantState.SUSPENDED and not live_grants(clock.now()).exists()
        assert expire_due() == 1
    assert again(grant).end_reason == EndReason.EXPIRED


def test_seven_days_of_rest_are_the_end(grant: Grant) -> None:
    """Even where the window is longer."""
    Grant.objects.filter(pk=grant.pk).update(expires_at=clock.now() + timedelta(days=30))
    Authenticator.objects.all().delete()
    judge_conditions()
    with clock.shifted(timedelta(days=6, hours=23)):
        assert judge_conditions() == 0
    with clock.shifted(timedelta(days=7, minutes=1)):
        assert judge_conditions() == 1
    assert (again(grant).state, again(grant).end_reason) == (GrantState.ENDING, EndReason.SIGNAL)


def test_all_grants_are_judged_however_many(grant: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces, both ways: what comes first never hides what comes after it."""
    monkeypatch.setattr(suspension, "BATCH", 1)
    others = [open_grant(make_request(grant.holder, make_asset(tier=3, tier_confirmed=True))) for _ in range(2)]
    Authenticator.objects.all().delete()
    assert judge_conditions() == 3
    assert {again(row).state for row in (grant, *others)} == {GrantState.SUSPENDED}
    make_holder(grant.holder)
    assert judge_conditions() == 3


def test_access_that_comes_back_is_taken_again(cast: Cast, grant: Grant, target: FakeTarget) -> None:
    """Drift after the end: `ending` again, with its event, until it is seen gone once more."""
    release(actor=cast.actor("engineer"), grant=grant)
    assert carried(grant).state == GrantState.ENDED
    target.access[(grant.account, grant.asset.name)] = {"READ"}
    assert carried(grant, within=timedelta(minutes=3)).state == GrantState.ENDING
    assert Entry.objects.filter(action="access.grant.drifted").count() == 1
    assert carried(grant, within=timedelta(minutes=3)).state == GrantState.ENDED
    assert target.access[(grant.account, grant.asset.name)] == set()
    for days in (1, 2, 31, 40):
        carried(grant, within=timedelta(days=days))
    assert grant.due_at is None


def test_access_that_a_target_lost_is_given_again(grant: Grant, target: FakeTarget) -> None:
    """A live grant is looked at every day."""
    Grant.objects.filter(pk=grant.pk).update(expires_at=clock.now() + timedelta(days=3))
    target.access[(grant.account, grant.asset.name)] = set()
    now = carried(grant, within=timedelta(hours=25))
    assert now.state == GrantState.ACTIVE and target.access[(grant.account, grant.asset.name)] == {"READ"}
    assert Entry.objects.filter(action="access.grant.repaired").count() == 1


def test_five_failed_tries_are_the_last_and_what_is_found_later_is_taken_away(
    cast: Cast, asset: Asset, target: FakeTarget
) -> None:
    """A call that timed out may have worked."""
    grant = open_grant(make_request(make_holder(cast.users["engineer"]), asset))
    target.faults = ["", *["fail"] * 40]
    for minutes in range(0, 60, 6):
        carried(grant, within=timedelta(minutes=minutes))
    assert (grant.state, grant.end_reason) == (GrantState.ACTIVATION_FAILED, EndReason.FAILED)
    assert len({key for what, key in target.calls if what == "grant"}) == 1
    target.faults = []
    target.access[(grant.account, asset.name)] = {"READ"}
    assert carried(grant, within=timedelta(hours=2)).state == GrantState.ENDING
    assert carried(grant, within=timedelta(hours=2)).state == GrantState.ENDED
    assert target.access[(grant.account, asset.name)] == set()


def test_access_with_our_mark_and_no_grant_is_listed(grant: Grant, target: FakeTarget) -> None:
    """Once, until it is gone; what a grant explains is none; a target that fails is asked again."""
    Binding.objects.filter(provisioner="fake").update(scan_at=None)
    assert scan_due() == 1 and not Orphan.objects.exists()
    target.access[("stranger", "somewhere")] = {"EDIT"}
    for hours in (25, 50):
        with clock.shifted(timedelta(hours=hours)):
            assert scan_due() == 1 and scan_due() == 0
    assert Orphan.objects.get().gone_at is None
    target.access.pop(("stranger", "somewhere"))
    with clock.shifted(timedelta(hours=80)):
        scan_due()
    assert Orphan.objects.get().gone_at is not None


def test_invariant_13_a_leavers_grants_end_in_the_same_transaction(
    cast: Cast, grant: Grant, target: FakeTarget
) -> None:
    """At the portal at once; at the target as fast as it follows; for every state that lives."""
    scheduled = open_grant(make_request(grant.holder, make_asset(tier=3, tier_confirmed=True), start_at=clock.now()
                                        + timedelta(hours=1)))  # fmt: skip
    here = open_grant(make_request(grant.holder, make_asset(tier=3, tier_confirmed=True)))
    deactivate_user(actor=cast.actor("security_admin"), user=grant.holder)
    assert [again(row).state for row in (grant, scheduled, here)] == ["ending", "ended", "ended"]
    assert {row.end_reason for row in Grant.objects.all()} == {EndReason.OFFBOARDED}
    assert carried(grant).state == GrantState.ENDED and target.access[(grant.account, grant.asset.name)] == set()
    assert end_all_of(actor=ACTOR, user=grant.holder, reason=EndReason.OFFBOARDED, now=clock.now()) == 0
