"""Signed webhooks: conformance, and a target that lies, hangs and drips never makes a grant ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Binding, Grant
from apps.access.provisioning import webhook
from apps.access.provisioning.contract import Work
from apps.access.provisioning.webhook import WebhookProvisioner
from apps.access.services.grants import release
from apps.access.states import GrantState, Presence
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from apps.core.outbound import Limits
from tests.access.grants import carried, make_holder, make_request, open_grant
from tests.access.provisioners.conformance import KeepsWhatWasThere, Rig
from tests.access.provisioners.webhook_target import SECRET, Target, running
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
ACCOUNT, RESOURCE = "ada@fenwick.example", "credit-risk-scorer"
SOON = Limits(connect=5.0, total=0.7, body=200_000)
BAD = ("lie", "hang", "drip", "500", "404", "302", "garbage", "huge", "other", "stale", "lost")


@pytest.fixture
def target() -> Iterator[Target]:
    """A target that behaves until told otherwise."""
    with running() as there:
        yield there


@pytest.fixture
def connection(target: Target, cast: Cast, settings: Any) -> Connection:
    """A tested connection to it."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]
    return add(
        actor=cast.actor("security_admin"),
        name="Feature store",
        driver="webhook",
        settings={"url": target.url},
        secret={"signing_secret": SECRET},
    )


@pytest.fixture
def rig(target: Target, connection: Connection) -> Rig:
    """The target as the conformance suite drives it."""
    binding = Binding.objects.create(provisioner="webhook", connection=connection, created_at=clock.now())

    def work(wanted: Presence, **fields: Any) -> Work:
        defaults: dict[str, Any] = {
            "grant": 7, "generation": 1, "account": ACCOUNT, "resource": RESOURCE, "operation": "train.run",
            "level": "READ", "baseline": "", "connection": connection,
        }  # fmt: skip
        return Work(wanted=wanted, **{**defaults, **fields})

    def seed(level: str) -> None:
        target.access[(ACCOUNT, RESOURCE)] = {level: ""}

    @contextmanager
    def broken() -> Iterator[None]:
        target.always = "500"
        yield
        target.always = ""

    return Rig(
        WebhookProvisioner(), work, lambda: target.shown(ACCOUNT, RESOURCE), ("READ", "EDIT"), seed, broken,
        binding=binding, secrets=(SECRET,),
    )  # fmt: skip


class TestWebhook(KeepsWhatWasThere):
    """The webhook provisioner keeps the contract."""


@pytest.fixture
def bound(target: Target, connection: Connection, cast: Cast) -> Grant:
    """A scheduled grant that the webhook carries."""
    asset = make_asset(name=RESOURCE, tier=3, tier_confirmed=True)
    Binding.objects.create(
        provisioner="webhook", connection=connection, asset=asset, levels={"eval.run": "READ"}, created_at=clock.now()
    )
    return open_grant(make_request(make_holder(cast.users["engineer"]), asset))


def test_messages_are_signed_with_their_time_and_one_key_for_each_intent(bound: Grant, target: Target) -> None:
    """Idempotency-Key is grant:generation; a forged body is refused by the target."""
    grant = carried(bound)
    assert (grant.state, target.bad_signatures) == (GrantState.ACTIVE, 0)
    key = f"{grant.pk}:{grant.generation}"
    sent = target.seen[key]
    assert (sent["type"], sent["grant"], sent["account"]) == ("access.grant", grant.name, grant.account)
    assert sent["expires_at"] <= (grant.expires_at or clock.now()).isoformat()
    assert not target.signed(key, "1795000000", "v1,AAAA", b"{}")


@pytest.mark.parametrize("fault", BAD)
def test_a_target_that_misbehaves_never_makes_a_grant_ended(
    fault: str, bound: Grant, target: Target, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ending stays ending until the target itself shows the access gone; then it ends at the next try."""
    grant = carried(bound)
    monkeypatch.setattr(webhook, "LIMITS", SOON)
    monkeypatch.setattr("apps.connectors.services.health.TRIPS_AT", 1000)
    release(actor=cast.actor("engineer"), grant=grant)
    target.always = fault
    for attempt in range(1, 4):
        now = carried(grant, within=timedelta(minutes=6 * attempt))
        gone = not target.shown(grant.account, RESOURCE)
        assert now.state == GrantState.ENDING or (now.state == GrantState.ENDED and gone)
        if fault != "lost":
            assert now.state == GrantState.ENDING and now.last_problem and now.observed != Presence.ABSENT
    target.always = ""
    with clock.shifted(timedelta(minutes=30)):
        Connection.objects.update(opened_until=None)
    now = carried(grant, within=timedelta(minutes=30))
    assert now.state == GrantState.ENDED and not target.shown(grant.account, RESOURCE)
    assert now.receipts.filter(worked=True, observed=Presence.ABSENT).exists()


def test_open_sessions_are_access(bound: Grant, target: Target, cast: Cast) -> None:
    """Nothing has ended while somebody still works there."""
    grant = carried(bound)
    release(actor=cast.actor("engineer"), grant=grant)
    target.sessions = 1
    assert carried(grant).state == GrantState.ENDING
    target.sessions = 0
    assert carried(grant, within=timedelta(minutes=6)).state == GrantState.ENDED


def test_a_lost_answer_is_looked_at_before_it_is_repeated(bound: Grant, target: Target) -> None:
    """The call worked, the answer did not arrive: the access is seen, and one order was sent."""
    target.faults = ["", "lost", "500"]
    assert carried(bound).state == GrantState.ACTIVATING
    assert carried(bound, within=timedelta(minutes=6)).state == GrantState.ACTIVE
    orders = [body for body in target.seen.values() if body["type"] == "access.grant"]
    assert len(orders) == 1


def test_no_connection_and_an_unknown_provisioner_carry_nothing(bound: Grant) -> None:
    """A binding that lost its connection or its code gives nothing and says why."""
    Binding.objects.filter(pk=bound.binding_id).update(connection=None)
    now = carried(bound)
    assert now.state == GrantState.ACTIVATING and "connection" in now.last_problem
    Binding.objects.filter(pk=bound.binding_id).update(provisioner="gone")
    now = carried(bound, within=timedelta(minutes=6))
    assert now.state == GrantState.ACTIVATING and "gone" in now.last_problem
