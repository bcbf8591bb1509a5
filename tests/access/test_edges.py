"""Moments between two steps: after the end and before the reconciler, given by hand and not yet confirmed."""

from datetime import timedelta

import pytest

from apps.access.models import Binding, Grant, ManualTask, Orphan
from apps.access.provisioning.contract import Found
from apps.access.services.grants import release, revoke
from apps.access.services.manual import confirm_task
from apps.access.services.orphans import scan_due
from apps.access.services.reconciling import carry_due, expire_due
from apps.access.services.suspension import judge_conditions
from apps.access.states import GrantState, TaskKind
from apps.core import clock
from apps.inventory.models import Asset
from apps.notices.models import Notice
from tests.access.grants import carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=61)


@pytest.fixture
def asset(cast: Cast) -> Asset:
    """An asset of tier 3."""
    return make_asset(tier=3, tier_confirmed=True)


def test_nothing_is_given_again_after_the_end(cast: Cast, asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The target lost the access; whoever carries the grant between its end and the reconciler gives none anew."""
    target = use_fake(monkeypatch, asset)
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))
    assert grant.state == GrantState.ACTIVE
    target.access.clear()
    target.calls.clear()
    carried(grant, within=LATER)
    assert [what for what, _ in target.calls if what == "grant"] == []
    with clock.shifted(LATER):
        assert expire_due() == 1 and carry_due() == 1
    grant.refresh_from_db()
    assert grant.state == GrantState.ENDED


def _confirm(cast: Cast, kind: TaskKind) -> None:
    task = ManualTask.objects.open().get(kind=kind)
    confirm_task(actor=cast.actor("security_admin"), task=task, proof="Seen in the console")


def test_what_may_have_been_given_by_hand_is_taken_before_it_has_ended(cast: Cast, asset: Asset) -> None:
    """Given, rested (taken), resumed (given again, unconfirmed), given back: the old proof proves nothing."""
    holder = make_holder(cast.users["engineer"])
    make_holder(cast.users["security_admin"])
    Binding.objects.create(provisioner="manual", asset=asset, levels={"eval.run": "the group"}, created_at=clock.now())
    grant = carried(open_grant(make_request(holder, asset)))
    _confirm(cast, TaskKind.GIVE)
    assert carried(grant).state == GrantState.ACTIVE
    factors = list(holder.authenticator_set.all())
    holder.authenticator_set.all().delete()
    assert judge_conditions() == 1
    carried(grant)
    _confirm(cast, TaskKind.TAKE)
    assert carried(grant).state == GrantState.SUSPENDED
    for factor in factors:
        factor.save(force_insert=True)
    assert judge_conditions() == 1
    assert carried(grant).state == GrantState.ACTIVE
    assert ManualTask.objects.open().get().kind == TaskKind.GIVE
    release(actor=cast.actor("engineer"), grant=grant)
    assert carried(grant).state == GrantState.ENDING
    _confirm(cast, TaskKind.TAKE)
    assert carried(grant).state == GrantState.ENDED


def test_who_loses_access_by_somebody_elses_hand_is_told(cast: Cast, asset: Asset) -> None:
    grant = open_grant(make_request(make_holder(cast.users["engineer"]), asset))
    revoke(actor=cast.actor("security_admin"), grant=grant, reason="The release is over")
    told = Notice.objects.get(kind="access.grant.over", user=cast.users["engineer"])
    assert "The release is over" in " ".join(told.lines)
    assert Grant.objects.get(pk=grant.pk).state == GrantState.ENDED


def test_what_a_target_lists_badly_hides_nothing(cast: Cast, asset: Asset, monkeypatch: pytest.MonkeyPatch) -> None:
    """A NUL in a name keeps no other access off the list, and no other target from its turn."""
    target = use_fake(monkeypatch, asset)
    found = [Found("mal\x00lory", "x", "EDIT"), Found("mallory@example.org", "y\ud800", "EDIT")]
    monkeypatch.setattr(target, "scan", lambda binding: found)
    assert scan_due() == 1
    assert sorted(row.account for row in Orphan.objects.all()) == ["mallory@example.org", "mal⟨U+0000⟩lory"]
