"""Permissions at MLflow, of servers old and new: conformance, the level of before, defaults, roles, and bad answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from apps.access.models import Binding, Grant
from apps.access.provisioning.contract import Work
from apps.access.provisioning.mlflow import MlflowProvisioner
from apps.access.services.grants import release
from apps.access.states import GrantState, Presence
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from tests.access.grants import carried, make_holder, make_request, open_grant
from tests.access.provisioners.conformance import KeepsWhatWasThere, Rig
from tests.access.provisioners.mlflow_target import Target, running
from tests.cast import Cast
from tests.factories import make_asset, make_identity, make_source

pytestmark = pytest.mark.django_db
MODEL, PASSWORD = "fraud scorer", "a password of the portal"
PLACE = ("ada", MODEL)


@pytest.fixture(params=[False, True], ids=["rows of users", "rows in roles"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """A server of each kind."""
    with running(request.param) as there:
        yield there


@pytest.fixture
def connection(target: Target, cast: Cast, settings: Any) -> Connection:
    """A tested connection to it."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]
    return add(
        actor=cast.actor("security_admin"), name="Registry", driver="mlflow",
        settings={"base_url": target.url, "username": "portal"}, secret={"password": PASSWORD},
    )  # fmt: skip


def _work(connection: Connection, wanted: Presence, **fields: Any) -> Work:
    defaults: dict[str, Any] = {
        "grant": 7, "generation": 1, "account": "ada", "resource": MODEL, "operation": "train.run", "level": "READ",
        "baseline": "", "connection": connection, "settings": {"default_permission": "NO_PERMISSIONS"},
    }  # fmt: skip
    return Work(wanted=wanted, **{**defaults, **fields})


@pytest.fixture
def rig(target: Target, connection: Connection) -> Rig:
    """The target as the conformance suite drives it."""

    def seed(level: str) -> None:
        target.rows[PLACE] = level

    @contextmanager
    def broken() -> Iterator[None]:
        target.always = 503
        yield
        target.always = 0

    def shown() -> set[str]:
        return {target.rows[PLACE]} if PLACE in target.rows else set()

    return Rig(
        MlflowProvisioner(), lambda wanted, **fields: _work(connection, wanted, **fields), shown, ("READ", "EDIT"),
        seed, broken, secrets=(PASSWORD,),
    )  # fmt: skip


class TestMlflow(KeepsWhatWasThere):
    """The MLflow provisioner keeps the contract."""


def test_the_row_of_before_is_back_exactly(target: Target, connection: Connection) -> None:
    """Whatever the server's default is, a grant never weakens, and its end leaves the row that was there."""
    carrier, enough, rows = MlflowProvisioner(), 0, ("", "NO_PERMISSIONS", "READ", "EDIT", "MANAGE")
    for default, before in product(("NO_PERMISSIONS", "READ", "EDIT"), rows):
        target.rows = {PLACE: before} if before else {}
        fields: dict[str, Any] = {"level": "EDIT", "settings": {"default_permission": default}}
        was = carrier.observe(_work(connection, Presence.PRESENT, baseline=None, **fields)).level
        assert was == before
        assert carrier.grant(_work(connection, Presence.PRESENT, baseline=was, **fields)).worked
        seen = carrier.observe(_work(connection, Presence.PRESENT, baseline=was, **fields))
        assert (seen.observed, target.rows.get(PLACE, "")) in ((Presence.PRESENT, "EDIT"), (Presence.PRESENT, before))
        enough += target.rows.get(PLACE, "") == before
        assert carrier.revoke(_work(connection, Presence.ABSENT, baseline=was, **fields)).worked
        gone = carrier.observe(_work(connection, Presence.ABSENT, baseline=was, **fields))
        assert (gone.observed, target.rows.get(PLACE, "")) == (Presence.ABSENT, before)
    # EDIT and MANAGE under each default, no row under a default of EDIT; in roles the default is a floor for READ too.
    assert enough == (8 if target.modern else 7)


def test_a_change_is_one_call(target: Target, connection: Connection) -> None:
    """No instant between shows less than before and after: a kill there would leave a holder without their own."""
    target.rows[PLACE] = "READ"
    fields = {"level": "MANAGE", "baseline": "READ"}
    MlflowProvisioner().grant(_work(connection, Presence.PRESENT, **fields))
    MlflowProvisioner().revoke(_work(connection, Presence.ABSENT, **fields))
    assert target.calls == ["update MANAGE", "update READ"]


def test_a_lost_answer_does_no_harm(target: Target, connection: Connection) -> None:
    """It was done, and nobody heard: the repeat finds it done."""
    carrier = MlflowProvisioner()
    for call, wanted, row in ((carrier.grant, Presence.PRESENT, "READ"), (carrier.revoke, Presence.ABSENT, None)):
        target.lost = True
        assert not call(_work(connection, wanted)).worked
        target.lost = False
        assert call(_work(connection, wanted)).worked and target.rows.get(PLACE) == row
    assert len(target.calls) == 2


def test_who_cannot_be_granted_anything_is_told(target: Target, connection: Connection) -> None:
    """No such account, no such model, an administrator, and a word that is no permission."""
    target.accounts["root"] = True
    for fields, words in (
        ({"account": "eve"}, "no account eve"),
        ({"resource": "other"}, "no registered model other"),
        ({"account": "root"}, "administers"),
        ({"level": "OWNER"}, "no permission 'OWNER'"),
    ):
        report = MlflowProvisioner().grant(_work(connection, Presence.PRESENT, **fields))
        assert not report.worked and words in str(report.evidence["problem"])
    assert target.calls == []


def test_an_account_that_became_administrator_is_not_seen_gone(target: Target, connection: Connection) -> None:
    """Its row is gone and its access is not."""
    target.accounts["ada"] = True
    report = MlflowProvisioner().observe(_work(connection, Presence.ABSENT))
    assert report.observed == Presence.PRESENT and "administers" in str(report.evidence["problem"])


def test_an_account_that_is_gone_has_nothing(target: Target, connection: Connection) -> None:
    """The server says so itself; a page that is missing says nothing."""
    del target.accounts["ada"]
    assert MlflowProvisioner().observe(_work(connection, Presence.ABSENT)).observed == Presence.ABSENT
    target.always = 404
    assert MlflowProvisioner().observe(_work(connection, Presence.ABSENT)).observed == Presence.UNKNOWN


def test_no_bad_answer_is_an_observation(target: Target, connection: Connection) -> None:
    """Empty, moved, refused, missing, busy, broken: not known, and nothing is claimed to be done."""
    target.rows[PLACE] = "EDIT"
    for target.always in (200, 302, 401, 403, 404, 429, 500):
        for wanted in (Presence.PRESENT, Presence.ABSENT):
            assert MlflowProvisioner().observe(_work(connection, wanted)).observed == Presence.UNKNOWN
        assert not MlflowProvisioner().revoke(_work(connection, Presence.ABSENT)).worked


@pytest.fixture
def bound(connection: Connection, cast: Cast) -> Grant:
    """A grant to train, for a holder whose account at MLflow has another name than their mail."""
    holder, source = make_holder(cast.users["engineer"]), make_source(name="mlflow-auth")
    make_identity(source=source, login="ada", person=holder.person)
    asset = make_asset(name=MODEL, tier=3, tier_confirmed=True)
    Binding.objects.create(
        provisioner="mlflow", connection=connection, asset=asset, levels={"eval.run": "EDIT"}, created_at=clock.now(),
        settings={"account": "identity", "source": str(source.pk), "default_permission": "READ"},
    )  # fmt: skip
    return open_grant(make_request(holder, asset))


def test_a_grant_is_carried_and_its_receipts_show_both_levels(bound: Grant, target: Target, cast: Cast) -> None:
    """READ before, EDIT while it lives, READ again; the account is the identity of the MLflow source."""
    target.rows[PLACE] = "READ"
    grant = carried(bound)
    assert (grant.state, grant.account, target.rows[PLACE]) == (GrantState.ACTIVE, "ada", "EDIT")
    release(actor=cast.actor("engineer"), grant=grant)
    grant = carried(grant)
    assert (grant.state, target.rows[PLACE]) == (GrantState.ENDED, "READ")
    rows = [receipt.evidence["row"] for receipt in grant.receipts.filter(carried="observe")]
    assert rows == ["READ", "EDIT", "READ"]


def test_a_holder_without_an_account_waits_and_is_told(bound: Grant, target: Target) -> None:
    """No identity at that source: the grant does not begin, and says why."""
    bound.holder.person.identities.all().delete()
    grant = carried(bound)
    assert grant.state == GrantState.SCHEDULED and "account at the target is not known" in grant.last_problem
    assert carried(grant, within=timedelta(hours=25)).state == GrantState.ENDED and target.calls == []


def test_roles_that_others_gave_are_left_alone(target: Target, connection: Connection) -> None:
    """What comes by another role stays and is never seen as ours; a role that denies makes a grant seem not given."""
    if not target.modern:
        target.rows[PLACE] = "EDIT"
        assert MlflowProvisioner().observe(_work(connection, Presence.ABSENT)).observed == Presence.PRESENT
        return
    carrier = MlflowProvisioner()
    target.roles = [{"role_name": "editors", "resource_pattern": "*", "permission": "EDIT"}]
    assert carrier.grant(_work(connection, Presence.PRESENT)).worked and target.rows == {}
    assert carrier.observe(_work(connection, Presence.ABSENT)).observed == Presence.ABSENT
    assert carrier.grant(_work(connection, Presence.PRESENT, level="MANAGE")).worked
    assert target.rows == {PLACE: "MANAGE"}
    assert carrier.observe(_work(connection, Presence.ABSENT, level="MANAGE")).observed == Presence.PRESENT
    target.roles[0]["permission"] = "DENY"
    assert carrier.observe(_work(connection, Presence.PRESENT, level="MANAGE")).observed == Presence.ABSENT
