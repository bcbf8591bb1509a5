"""A real MLflow server: the contract, and a user who gains EDIT by an approved request and loses it at its end."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Binding
from apps.access.provisioning import mlflow
from apps.access.provisioning.contract import Work
from apps.access.provisioning.mlflow import MlflowProvisioner
from apps.access.services import reconciling
from apps.access.states import GrantState, Presence
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from apps.core.errors import Invalid
from apps.core.outbound import Limits
from apps.inventory.models import Entitlement
from apps.inventory.services.intake import import_files
from tests.access.grants import ACTOR, carried, make_holder, make_request, open_grant
from tests.access.provisioners.conformance import KeepsWhatWasThere, Rig
from tests.access.provisioners.mlflow_server import ADMIN, PASSWORD, PATIENT, Server, running
from tests.cast import Cast
from tests.factories import make_asset
from tests.inventory.given import put_all

pytestmark = [pytest.mark.django_db, pytest.mark.mlflow, pytest.mark.slow]
MODEL, ADAS = "fraud scorer", "a password of hers 12"
LIST, GRANT = (f"api/3.0/mlflow/users/permissions/{verb}" for verb in ("list", "grant"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, started once, with a model."""
    with running(tmp_path_factory.mktemp("mlflow")) as there:
        there.admin("POST", "api/2.0/mlflow/registered-models/create", {"name": MODEL})
        yield there


@pytest.fixture
def account(server: Server, cast: Cast) -> Iterator[str]:
    """A user of MLflow with the holder's mail address, of this test alone."""
    name = cast.users["engineer"].email
    server.admin("POST", "api/2.0/mlflow/users/create", {"username": name, "password": ADAS})
    yield name
    server.admin("DELETE", "api/2.0/mlflow/users/delete", {"username": name})


@pytest.fixture
def connection(server: Server, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A tested connection; this machine may be slow, which is not what these tests are about."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(mlflow, "LIMITS", Limits(connect=PATIENT, total=PATIENT, body=1_000_000))
    for _ in range(4):
        with suppress(Invalid):
            return _added(server, cast)
    return _added(server, cast)


def _added(server: Server, cast: Cast) -> Connection:
    return add(
        actor=cast.actor("security_admin"), name="Registry", driver="mlflow",
        settings={"base_url": server.url, "username": ADMIN}, secret={"password": PASSWORD},
    )  # fmt: skip


def _row(level: str, account: str) -> dict[str, str]:
    return {"username": account, "resource_type": "registered_model", "resource_id": MODEL, "permission": level}


@pytest.fixture
def rig(server: Server, account: str, connection: Connection, settings: Any) -> Rig:
    """The server as the conformance suite drives it."""

    def work(wanted: Presence, **fields: Any) -> Work:
        defaults: dict[str, Any] = {
            "grant": 7, "generation": 1, "account": account, "resource": MODEL, "operation": "train.run",
            "level": "READ", "baseline": "", "connection": connection,
            "settings": {"default_permission": "NO_PERMISSIONS"},
        }  # fmt: skip
        return Work(wanted=wanted, **{**defaults, **fields})

    def shown() -> set[str]:
        answer = server.admin("GET", f"{LIST}?username={account}")
        return {row["permission"] for row in answer["permissions"] if row["resource_pattern"] == MODEL}

    @contextmanager
    def broken() -> Iterator[None]:
        settings.ZTPORTAL_OUTBOUND_ALLOW = []
        yield
        settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]

    def seed(level: str) -> None:
        server.admin("POST", GRANT, _row(level, account))

    return Rig(MlflowProvisioner(), work, shown, ("READ", "EDIT"), seed, broken, secrets=(PASSWORD,))


class TestRealMlflow(KeepsWhatWasThere):
    """The contract, held against MLflow itself."""


def test_a_user_gains_edit_and_loses_it_at_expiry(
    server: Server, account: str, connection: Connection, cast: Cast
) -> None:
    """READ of before, EDIT while it lives, READ again, as the user herself meets it; both observations are kept."""

    def may_edit() -> bool:
        change = {"name": MODEL, "description": "Scores claims"}
        status, answer = server.call(account, ADAS, "PATCH", "api/2.0/mlflow/registered-models/update", change)
        assert status in (200, 403), answer
        return status == 200

    server.admin("POST", GRANT, _row("READ", account))
    assert not may_edit()
    asset = make_asset(name=MODEL, tier=3, tier_confirmed=True)
    Binding.objects.create(
        provisioner="mlflow", connection=connection, asset=asset, levels={"eval.run": "EDIT"}, created_at=clock.now(),
        settings={"default_permission": "NO_PERMISSIONS"},
    )  # fmt: skip
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))
    assert grant.state == GrantState.ACTIVE, grant.last_problem
    assert may_edit()
    later = timedelta(minutes=grant.minutes, seconds=1)
    with clock.shifted(later):
        # The process that would have ended it is gone; another one finds what is due.
        reconciling.expire_due()
    assert carried(grant, within=later).state == GrantState.ENDED
    assert not may_edit()
    status, _ = server.call(account, ADAS, "GET", "api/2.0/mlflow/registered-models/get?name=fraud%20scorer")
    assert status == 200
    rows = [receipt.evidence["row"] for receipt in grant.receipts.filter(carried="observe", worked=True)]
    assert rows == ["READ", "EDIT", "READ"]


def test_the_importer_reads_what_this_server_lists(server: Server, account: str, tmp_path: Any) -> None:
    """`users/list` of the server as it is: the user's row, and the administrator's everything."""
    server.admin("POST", GRANT, _row("EDIT", account))
    users = server.admin("GET", "api/2.0/mlflow/users/list")
    import_files(actor=ACTOR, format="auto", files=put_all(tmp_path, {"users.json": users}),
                 options={"default_permission": "NO_PERMISSIONS"})  # fmt: skip
    rows = set(Entitlement.objects.values_list("identity__login", "operation", "scope", "how"))
    assert (account, "EDIT", MODEL, "direct") in rows and (ADMIN, "MANAGE", "*", "administrator") in rows
    assert {row[0] for row in rows} == {account, ADMIN}
