"""A revoke at real targets: MLflow with its basic-auth app, and PostgreSQL. Verified only by what they show."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.access.models import Binding, Grant
from apps.access.provisioning import mlflow
from apps.access.provisioning.postgresql import PostgresqlProvisioner
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.states import GrantState
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from apps.core.errors import Invalid
from apps.core.outbound import Limits
from apps.inventory.models import Asset, Entitlement
from apps.inventory.services.intake import import_files
from apps.reviews.models import Campaign, Item, Removal
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.removal import remove_due
from apps.reviews.states import ItemState, Way
from tests.access.grants import ACTOR, carried, make_holder, make_request, open_grant
from tests.access.provisioners import mlflow_server, postgres_target
from tests.access.provisioners.mlflow_server import ADMIN, PATIENT, Server
from tests.access.provisioners.postgres_target import Target
from tests.cast import Cast
from tests.inventory.given import put_all
from tests.reviews.world import World, build

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MODEL, THEIRS = "fraud scorer", "a password of hers 12"
LATE = timedelta(days=7, minutes=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An MLflow server, started once, with a model."""
    with mlflow_server.running(tmp_path_factory.mktemp("mlflow")) as there:
        there.admin("POST", "api/2.0/mlflow/registered-models/create", {"name": MODEL})
        yield there


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A PostgreSQL target, made once."""
    with postgres_target.running() as there:
        yield there


@pytest.fixture
def world(cast: Cast, settings: Any) -> World:
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1", "::1", "localhost"]
    return build(cast)


def revoked(world: World, asset: Asset) -> Item:
    """Return the engineer's access to the asset, revoked and sealed; what others hold there was kept."""
    campaign = world.opened(scope={"assets": [str(asset.pk)]})
    names = {user.pk: name for name, user in world.cast.users.items()}
    for row in Item.objects.filter(campaign=campaign):
        mine = row.holder_user == world.user("engineer")
        world.decide(names[row.reviewer_id], row, "revoke" if mine else "keep")
    for seat in campaign.seats.all():
        world.sign(names[seat.reviewer_id], campaign)
    return Item.objects.get(campaign=campaign, state=ItemState.REMEDIATING)


def state(row: Item) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, Campaign.objects.get(pk=row.campaign_id).state


def is_alarmed(world: World, row: Item) -> bool:
    """Return whether the item failed, its campaign stays open, and those who oversee it were told once."""
    overseers = [world.user(name) for name in ("ciso", "security_admin", "second_admin")]
    told = [user.notices.filter(kind="reviews.removal.overdue").count() for user in overseers]
    return state(row) in [(ItemState.FAILED, step) for step in ("remediating", "verifying")] and told == [1, 1, 1]


class TestMlflow:
    """Standing access that imports show, taken away at the server through its binding."""

    pytestmark = pytest.mark.mlflow

    @pytest.fixture
    def row(
        self, server: Server, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Entitlement]:
        """The engineer's EDIT of the model, as the server's own answers show it."""
        monkeypatch.setattr(mlflow, "LIMITS", Limits(connect=PATIENT, total=PATIENT, body=1_000_000))
        who = world.user("engineer").email
        server.admin("POST", "api/2.0/mlflow/users/create", {"username": who, "password": THEIRS})
        right = {"username": who, "resource_type": "registered_model", "resource_id": MODEL, "permission": "EDIT"}
        server.admin("POST", "api/3.0/mlflow/users/permissions/grant", right)
        for name, path in (("models", "registered-models/search"), ("users", "users/list")):
            files = put_all(tmp_path / name, {f"{name}.json": server.admin("GET", f"api/2.0/mlflow/{path}")})
            options = {"default_permission": "NO_PERMISSIONS"} if name == "users" else {}
            import_files(actor=ACTOR, format="auto", files=files, source_name=name, options=options)
        found = Entitlement.objects.select_related("asset", "source").get(identity__login=who)
        assert found.asset is not None and found.asset.name == MODEL
        assert found.identity.person == world.people["engineer"]
        self._bind(server, world, found)
        yield found
        server.admin("DELETE", "api/2.0/mlflow/users/delete", {"username": who})

    def _bind(self, server: Server, world: World, row: Entitlement) -> None:
        connection = None
        for _ in range(4):
            # This machine may be slow, which is not what these tests are about.
            with suppress(Invalid):
                connection = add(
                    actor=world.actor("security_admin"), name="Registry", driver="mlflow",
                    settings={"base_url": server.url, "username": ADMIN},
                    secret={"password": mlflow_server.PASSWORD},
                )  # fmt: skip
                break
        known = {"account": "identity", "source": str(row.source_id), "default_permission": "NO_PERMISSIONS"}
        Binding.objects.create(
            provisioner="mlflow", connection=connection, asset=row.asset, levels={"train.run": "EDIT"}, settings=known,
            created_at=clock.now(),
        )  # fmt: skip

    def may_edit(self, server: Server, world: World) -> bool:
        """Return whether the user herself may change the model."""
        change = {"name": MODEL, "description": "Scores claims"}
        path = "api/2.0/mlflow/registered-models/update"
        status, answer = server.call(world.user("engineer").email, THEIRS, "PATCH", path, change)
        assert status in (200, 403), answer
        return status == 200

    def test_standing_access_is_taken_away_and_seen_gone(self, server: Server, row: Entitlement, world: World) -> None:
        """By the connector, without anybody's help: the server refuses her from then on."""
        assert row.asset is not None and self.may_edit(server, world)
        item = revoked(world, row.asset)
        assert item.removal.way == Way.CONNECTOR
        prove_all()
        assert state(item)[0] == ItemState.REMEDIATING
        assert remove_due() == 1
        assert not self.may_edit(server, world)
        prove_all()
        assert state(item) == (ItemState.VERIFIED, "closed")
        seen = item.removal.proofs.get(seen="absent").evidence
        assert (seen["row before"], seen["row"]) == ("EDIT", "none")

    def test_what_the_server_still_shows_is_failed_until_it_is_mended(
        self, server: Server, row: Entitlement, world: World
    ) -> None:
        """She administers the server: her row goes and her access does not, whatever was tried."""
        assert row.asset is not None
        who, path = world.user("engineer").email, "api/2.0/mlflow/users/update-admin"
        server.admin("PATCH", path, {"username": who, "is_admin": True})
        item = revoked(world, row.asset)
        remove_due()
        assert self.may_edit(server, world) and "administers" in Removal.objects.get().last_problem
        with clock.shifted(LATE):
            remove_due()
            prove_all()
            assert is_alarmed(world, item)
        server.admin("PATCH", path, {"username": who, "is_admin": False})
        with clock.shifted(LATE * 2):
            assert remove_due() == 1
            prove_all()
        assert state(item) == (ItemState.VERIFIED, "closed") and not self.may_edit(server, world)


class TestPostgresql:
    """A grant with its membership of a role, ended by the review."""

    pytestmark = pytest.mark.postgres

    @pytest.fixture
    def grant(self, target: Target, world: World, monkeypatch: pytest.MonkeyPatch) -> Grant:
        """An active grant whose role is a member of `reader`."""
        entries = {name: PROVISIONERS[name] for name in PROVISIONERS.names()}
        monkeypatch.setattr(PROVISIONERS, "_entries", {**entries, "postgresql": PostgresqlProvisioner(target.prefix)})
        connection = add(
            actor=world.actor("security_admin"), name="Claims", driver="postgresql", settings=target.settings,
            secret={"password": postgres_target.PASSWORD},
        )  # fmt: skip
        Binding.objects.create(
            provisioner="postgresql", connection=connection, asset=world.asset, levels={"eval.run": target.reader},
            created_at=clock.now(),
        )  # fmt: skip
        made = carried(open_grant(make_request(make_holder(world.user("engineer")), world.asset)))
        assert made.state == GrantState.ACTIVE and target.levels(made.pk) == {target.reader}, made.last_problem
        return made

    def test_the_membership_is_gone_before_the_item_is_verified(
        self, target: Target, grant: Grant, world: World
    ) -> None:
        """Ending is not ended: the item waits until the database shows no such role."""
        item = revoked(world, world.asset)
        assert item.removal.way == Way.GRANT and remove_due() == 1
        prove_all()
        assert state(item) == (ItemState.REMEDIATING, "verifying") and target.levels(grant.pk)
        assert carried(grant).state == GrantState.ENDED and not target.levels(grant.pk)
        prove_all()
        assert state(item) == (ItemState.VERIFIED, "closed")

    def test_what_the_database_still_shows_is_failed_until_it_is_mended(
        self, target: Target, grant: Grant, world: World
    ) -> None:
        """The portal's own role was shut: the membership stays, late is failed, and the end comes after all."""
        item, portal = revoked(world, world.asset), target.settings["username"]
        target.admin.execute(f"ALTER ROLE {portal} NOLOGIN")
        try:
            remove_due()
            assert carried(grant, within=timedelta(minutes=5)).state == GrantState.ENDING and target.levels(grant.pk)
            with clock.shifted(LATE):
                prove_all()
                prove_all()
                assert is_alarmed(world, item)
        finally:
            target.admin.execute(f"ALTER ROLE {portal} LOGIN")
        Connection.objects.update(opened_until=None, failures=0)
        assert carried(grant, within=LATE * 2).state == GrantState.ENDED and not target.levels(grant.pk)
        prove_all()
        assert state(item) == (ItemState.VERIFIED, "closed")
