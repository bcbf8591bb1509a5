"""Invariants 7 to 12 of governance.md §5: windows, reasons, idempotence, union, expiry at use, asking again."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction

from apps.access.models import Grant, Receipt
from apps.access.queries import rechecks
from apps.access.queries.live import live_grants
from apps.access.services import activation
from apps.access.services.grants import release
from apps.access.services.reconciling import expire_due
from apps.access.states import EndReason, GrantState, Presence, RequestState
from apps.audit.models import Entry
from apps.core import clock, jobs
from apps.core.errors import Conflict
from apps.inventory.models import Asset
from tests.access.grants import ACTOR, FakeTarget, carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

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
def holder(cast: Cast) -> Any:
    """The engineer, with a person and a factor."""
    return make_holder(cast.users["engineer"])


def test_invariant_07_window_lies_in_the_approval_window_and_starts_at_activation(
    holder: Any, asset: Asset, target: FakeTarget
) -> None:
    """Time passes before the target shows the access; none of it is taken from the holder, none is added."""
    grant = open_grant(make_request(holder, asset, minutes=60))
    target.faults = ["fail", "fail"]
    for minutes in (0, 6, 12):
        carried(grant, within=timedelta(minutes=minutes))
    assert grant.state == GrantState.ACTIVE
    assert grant.activated_at - grant.created_at >= timedelta(minutes=12)
    assert grant.expires_at - grant.activated_at == timedelta(minutes=60)
    assert grant.start_at <= grant.activated_at <= grant.activate_by
    assert grant.expires_at <= grant.activate_by + timedelta(minutes=60)


def test_invariant_07_what_was_not_activated_in_time_has_ended(holder: Any, asset: Asset, target: FakeTarget) -> None:
    """At `activate_by` it is over, seen or not; what arrived nevertheless is taken away."""
    grant = open_grant(make_request(holder, asset))
    target.faults = ["fail"]
    carried(grant)
    assert carried(grant, within=timedelta(hours=24)).state == GrantState.ENDING
    assert carried(grant, within=timedelta(hours=24)).state == GrantState.ENDED
    assert grant.end_reason == EndReason.NOT_ACTIVATED and target.access[(grant.account, asset.name)] == set()


def test_invariant_07_an_extension_is_a_new_request_whose_grant_supersedes(
    holder: Any, asset: Asset, target: FakeTarget
) -> None:
    """The first one's window never moves, and the access is not interrupted."""
    first = carried(open_grant(make_request(holder, asset)))
    until = first.expires_at
    second = carried(open_grant(make_request(holder, asset, extends=first)))
    assert second.state == GrantState.ACTIVE and second.pk != first.pk
    assert "READ" in target.access[(first.account, asset.name)]
    assert carried(first).state == GrantState.ENDED
    assert (first.end_reason, first.expires_at) == (EndReason.SUPERSEDED, until)
    assert "READ" in target.access[(first.account, asset.name)]
    assert carried(second).state == GrantState.ACTIVE


def test_invariant_08_a_grant_has_an_approved_request_or_a_break_glass(holder: Any, asset: Asset) -> None:
    """One request, one grant; an unapproved one none; and no grant without either."""
    request = make_request(holder, asset)
    open_grant(request)
    with pytest.raises(Conflict), transaction.atomic():
        open_grant(request)
    for state in set(RequestState) - {RequestState.APPROVED}:
        decided = None if state in (RequestState.PENDING, RequestState.NEEDS_INFO) else clock.now()
        other = make_request(holder, make_asset(), state=state, decided_at=decided)
        with pytest.raises(Conflict), transaction.atomic():
            open_grant(other)
    common = {
        name: getattr(Grant.objects.get(), name)
        for name in ("holder", "asset", "asset_label", "operation", "tier", "minutes", "binding", "start_at")
    }
    more = {"activate_by": clock.now(), "created_at": clock.now()}
    for reason in ({"request": None, "emergency": False}, {"request": request, "emergency": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.create(**common, **more, **reason)
    assert Grant.objects.count() == 1


def test_invariant_09_state_and_due_work_commit_together_and_calls_have_one_key(
    cast: Cast, holder: Any, asset: Asset, target: FakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is due is a column of the row itself; a broker that is away loses nothing; repeats carry the same key."""
    monkeypatch.setattr(jobs, "_send", lambda task, ids: (_ for _ in ()).throw(ConnectionError("no broker")))
    grant = open_grant(make_request(holder, asset))
    assert grant.due_at is not None
    with pytest.raises(RuntimeError), transaction.atomic():
        activation.begin(actor=ACTOR, grant=grant)
        raise RuntimeError
    grant.refresh_from_db()
    assert (grant.state, grant.generation) == (GrantState.SCHEDULED, 0)
    target.faults = ["", "lost", "blind", "", "", "", "lost", "blind"]
    carried(grant)
    carried(grant, within=timedelta(minutes=6))
    release(actor=cast.actor("engineer"), grant=grant)
    carried(grant, within=timedelta(minutes=7))
    carried(grant, within=timedelta(minutes=14))
    assert grant.state == GrantState.ENDED
    keys = {what: {key for call, key in target.calls if call == what} for what in ("grant", "revoke")}
    assert (len(keys["grant"]), len(keys["revoke"])) == (1, 1) and keys["grant"] != keys["revoke"]


def test_invariant_10_the_last_covering_grant_takes_the_access_and_nothing_more(
    cast: Cast, holder: Any, asset: Asset, target: FakeTarget
) -> None:
    """Standing access stays, another grant's stays; in any order of ending."""
    place = (holder.email, asset.name)
    target.access[place] = {"LIST"}
    read = carried(open_grant(make_request(holder, asset)))
    edit = carried(open_grant(make_request(holder, asset, operation="hparam.tune")))
    again = carried(open_grant(make_request(holder, asset, operation="endpoint.call")))
    assert read.binding.provisioner == "fake" and edit.binding.provisioner == "portal"
    assert target.access[place] == {"LIST", "READ"}
    assert again.baseline["level"] == read.baseline["level"] == "LIST"
    release(actor=cast.actor("engineer"), grant=read)
    assert carried(read).state == GrantState.ENDED and target.access[place] == {"LIST", "READ"}
    release(actor=cast.actor("engineer"), grant=again)
    assert carried(again).state == GrantState.ENDED and target.access[place] == {"LIST"}


def test_invariant_10_one_grant_at_a_time_changes_the_same_access(
    cast: Cast, holder: Any, asset: Asset, target: FakeTarget
) -> None:
    """While one is in hand the other waits: else each could take the other's for what was there before."""
    first = open_grant(make_request(holder, asset))
    second = open_grant(make_request(holder, asset, operation="endpoint.call"))
    activation.begin(actor=ACTOR, grant=first)
    Grant.objects.filter(pk=first.pk).update(claimed_until=clock.now() + timedelta(seconds=40))
    assert carried(second).state == GrantState.ACTIVATING and target.calls == []
    assert carried(second, within=timedelta(seconds=41)).state == GrantState.ACTIVE


def test_invariant_11_expiry_is_compared_when_it_is_used(holder: Any, asset: Asset, target: FakeTarget) -> None:
    """The row still says active; nobody has run; it is refused. A target with its own expiry is told it."""
    grant = carried(open_grant(make_request(holder, asset)))
    given = [work for what, work in target.calls if what == "grant"]
    assert given and target.told[-1] is not None and target.told[-1] <= grant.expires_at
    assert live_grants(clock.now()).get(holder=holder, asset=asset) == grant
    with clock.shifted(timedelta(minutes=60)):
        assert Grant.objects.get(pk=grant.pk).state == GrantState.ACTIVE
        assert not live_grants(clock.now()).filter(holder=holder, asset=asset).exists()
        assert expire_due() == 1
    assert not live_grants(clock.now()).exists()


def test_invariant_12_activation_asks_again_and_narrows_only(
    cast: Cast, holder: Any, asset: Asset, target: FakeTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eligibility, duties, asset and policy at the moment itself: refused it waits, shorter it is shorter."""
    start = clock.now() + timedelta(hours=1)
    grant = open_grant(make_request(holder, asset, start_at=start, minutes=120))
    Asset.objects.filter(pk=asset.pk).update(tier=1)
    waits = carried(grant, within=timedelta(hours=1))
    assert waits.state == GrantState.SCHEDULED and "tier 1" in waits.last_problem and target.calls == []
    Asset.objects.filter(pk=asset.pk).update(tier=3)
    most = SimpleNamespace(max_minutes=30)
    monkeypatch.setattr(rechecks, "TIERS", {3: most})
    now = carried(grant, within=timedelta(hours=2))
    assert (now.state, now.minutes) == (GrantState.ACTIVE, 30)
    monkeypatch.setattr(rechecks, "TIERS", {3: SimpleNamespace(max_minutes=300)})
    other = open_grant(make_request(holder, make_asset(tier=3, tier_confirmed=True), minutes=60))
    assert other.minutes == 60


@pytest.mark.parametrize("lost", ["person", "role", "asset", "holder"])
def test_invariant_12_who_lost_what_made_them_eligible_gets_nothing(
    lost: str, holder: Any, asset: Asset, target: FakeTarget
) -> None:
    """A scheduled grant of somebody who may no longer have it never begins, and ends unused."""
    grant = open_grant(make_request(holder, asset, start_at=clock.now() + timedelta(hours=1)))
    if lost == "person":
        holder.person.delete()
    elif lost == "role":
        holder.groups.clear()
        Authenticator.objects.filter(user=holder).delete()
    elif lost == "asset":
        Asset.objects.filter(pk=asset.pk).update(gone_at=clock.now())
    else:
        type(holder).objects.filter(pk=holder.pk).update(is_active=False)
    now = carried(grant, within=timedelta(hours=1))
    assert now.state in (GrantState.SCHEDULED, GrantState.ENDED) and target.calls == []
    now = carried(grant, within=timedelta(hours=26))
    assert now.state == GrantState.ENDED and not now.receipts.exists() and target.access == {}


def test_receipts_hold_both_observations_and_every_move_its_event(
    cast: Cast, holder: Any, asset: Asset, target: FakeTarget
) -> None:
    """What was there, what was given, what is gone; in the log the same steps."""
    grant = carried(open_grant(make_request(holder, asset)))
    release(actor=cast.actor("engineer"), grant=grant)
    carried(grant)
    lines = list(Receipt.objects.filter(grant=grant).values_list("carried", "observed"))
    assert lines == [
        ("observe", Presence.ABSENT), ("grant", Presence.UNKNOWN), ("observe", Presence.PRESENT),
        ("revoke", Presence.UNKNOWN), ("observe", Presence.ABSENT),
    ]  # fmt: skip
    actions = list(Entry.objects.filter(subject_id=str(grant.pk)).order_by("seq").values_list("action", flat=True))
    assert actions == [f"access.grant.{word}" for word in ("opened", "activating", "activated", "ending", "ended")]
