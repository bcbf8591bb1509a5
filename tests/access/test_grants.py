"""The life of a grant at the portal and at a target: begun, given back, revoked, expired, seen gone."""

from datetime import timedelta

import pytest

from apps.access.models import Grant, Receipt
from apps.access.queries.live import live_grants
from apps.access.services.grants import release, revoke
from apps.access.services.reconciling import carry_due, expire_due
from apps.access.states import Carried, EndReason, GrantState, Presence
from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid
from tests.access.grants import carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=10)


def test_the_portals_own_grant_is_active_at_once_and_ends_with_both_receipts(cast: Cast) -> None:
    """Nothing is to be carried: the clock starts with the approval, the end is seen in the same transaction."""
    holder = make_holder(cast.users["engineer"])
    grant = open_grant(make_request(holder))
    assert (grant.state, grant.observed) == (GrantState.ACTIVE, Presence.PRESENT)
    assert grant.expires_at - grant.activated_at == timedelta(minutes=60)
    assert live_grants(clock.now()).filter(pk=grant.pk).exists()
    release(actor=cast.actor("engineer"), grant=grant)
    grant.refresh_from_db()
    assert (grant.state, grant.end_reason, grant.observed) == (GrantState.ENDED, EndReason.RELEASED, Presence.ABSENT)
    lines = [(row.carried, row.observed) for row in grant.receipts.all()]
    assert lines[1] == (Carried.OBSERVE, Presence.PRESENT) and lines[-1] == (Carried.OBSERVE, Presence.ABSENT)
    assert not live_grants(clock.now()).exists()


def test_a_targets_grant_begins_when_it_is_seen_there_and_ends_when_it_is_seen_gone(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scheduled, being given, active, ending, ended: each step by what the target shows."""
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    grant = open_grant(make_request(make_holder(cast.users["engineer"]), asset))
    assert grant.state == GrantState.SCHEDULED and not target.access
    assert carried(grant).state == GrantState.ACTIVE
    assert target.access[(grant.account, asset.name)] == {"READ"}
    with clock.shifted(timedelta(minutes=60)):
        assert not live_grants(clock.now()).exists()
        assert expire_due() == 1
        assert Grant.objects.get(pk=grant.pk).state == GrantState.ENDING
        assert carry_due() == 1
    grant.refresh_from_db()
    assert (grant.state, grant.end_reason) == (GrantState.ENDED, EndReason.EXPIRED)
    assert target.access[(grant.account, asset.name)] == set()
    seen = list(Receipt.objects.filter(grant=grant, carried=Carried.OBSERVE).values_list("observed", flat=True))
    assert seen == [Presence.ABSENT, Presence.PRESENT, Presence.ABSENT]


def test_who_may_give_back_and_who_may_revoke(cast: Cast) -> None:
    """The holder gives back; approvers, owner, security admins and the CISO revoke; nobody else."""
    holder = make_holder(cast.users["engineer"])
    for name in ("manager", "owner", "outsider", "auditor", "service", "engineer"):
        grant = open_grant(make_request(holder))
        with pytest.raises(Forbidden):
            revoke(actor=cast.actor(name), grant=grant, reason="No longer needed")
        if name != "engineer":
            with pytest.raises(Forbidden):
                release(actor=cast.actor(name), grant=grant)
        release(actor=cast.actor("engineer"), grant=grant)
    for name in ("security_admin", "ciso"):
        grant = open_grant(make_request(holder))
        with pytest.raises(Invalid):
            revoke(actor=cast.actor(name), grant=grant, reason=" ")
        revoke(actor=cast.actor(name), grant=grant, reason="No longer needed")
        assert Grant.objects.get(pk=grant.pk).end_reason == EndReason.REVOKED
        with pytest.raises((Conflict, Forbidden)):
            revoke(actor=cast.actor(name), grant=grant, reason="Twice")
