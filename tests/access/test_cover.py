"""Grants that cover the same access, whichever binding carries them: none ends with another, none outlives all."""

from typing import Any

import pytest

from apps.access.models import Binding, Grant, Orphan
from apps.access.queries.cover import cover_of, same_target
from apps.access.services.grants import release
from apps.access.services.orphans import scan_due
from apps.access.states import GrantState
from apps.connectors.models import Connection
from apps.core import clock
from apps.inventory.models import Asset
from tests.access.grants import FAKE, FakeTarget, carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
LEVELS = {"eval.run": "READ", "train.run": "EDIT"}


def _connect(**bound: Any) -> None:
    """Put all bindings of the tests' target on one connection."""
    now = clock.now()
    one = Connection.objects.create(name="One server", driver=FAKE, needs_secret=False, created_at=now, changed_at=now)
    Binding.objects.filter(provisioner=FAKE).update(connection=one)
    for fields in bound.values():
        Binding.objects.create(provisioner=FAKE, connection=one, levels=LEVELS, created_at=now, **fields)


def _held(cast: Cast, asset: Asset, operation: str) -> Grant:
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset, operation=operation, tier=2)))
    assert grant.state == GrantState.ACTIVE, grant.last_problem
    return grant


def _end(cast: Cast, grant: Grant) -> None:
    release(actor=cast.actor("engineer"), grant=grant)
    assert carried(grant).state == GrantState.ENDED


def _shown(target: FakeTarget, asset: Asset) -> set[str]:
    return {level for (_, resource), held in target.access.items() if resource == asset.name for level in held}


def test_invariant_10_two_bindings_of_one_target_share_the_access(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another binding takes over while a grant of the old one lives: each grant's end leaves the other's."""
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    _connect()
    first = _held(cast, asset, "train.run")
    Binding.objects.filter(asset=asset).update(enabled=False)
    Binding.objects.create(
        provisioner=FAKE, connection=Connection.objects.get(), asset=asset, levels=LEVELS, created_at=clock.now()
    )
    second = _held(cast, asset, "eval.run")
    _end(cast, first)
    assert _shown(target, asset) == {"READ"}
    _end(cast, second)
    assert _shown(target, asset) == set()


def test_invariant_10_two_assets_that_are_one_thing_at_the_target(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sources know one registered model by the same name: what ends for one asset stays for the other's grant."""
    asset = make_asset(tier=3, tier_confirmed=True)
    twin = make_asset(name=asset.name, tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    _connect(twin={"asset": twin})
    first, second = _held(cast, asset, "train.run"), _held(cast, twin, "eval.run")
    _end(cast, first)
    assert _shown(target, asset) == {"READ"}
    _end(cast, second)
    assert _shown(target, asset) == set()


def _on(driver: str, binding: Binding, name: str, **settings: str) -> None:
    """Put a binding on a connection of its own."""
    now = clock.now()
    fields = {"needs_secret": False, "created_at": now, "changed_at": now}
    binding.connection = Connection.objects.create(name=name, driver=driver, settings=settings, **fields)
    binding.save(update_fields=["connection"])


@pytest.mark.parametrize(
    ("driver", "other", "is_one"),
    [
        ("mlflow", {"base_url": "https://mlflow.example.org", "username": "second"}, True),
        ("mlflow", {"base_url": "https://mlflow.example.org/other", "username": "first"}, False),
        ("webhook", {"base_url": "https://mlflow.example.org"}, False),
    ],
)
def test_invariant_10_two_connections_to_one_server(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, driver: str, other: dict[str, str], is_one: bool
) -> None:
    """Two accounts of the portal at one server show the same access; two servers, or two kinds of target, do not."""
    asset = make_asset(tier=3, tier_confirmed=True)
    use_fake(monkeypatch, asset)
    old = Binding.objects.get()
    _on(driver, old, "One", base_url="https://mlflow.example.org", username="first")
    first = _held(cast, asset, "train.run")
    Binding.objects.filter(pk=old.pk).update(enabled=False)
    new = Binding.objects.create(provisioner=FAKE, asset=asset, levels=LEVELS, created_at=clock.now())
    _on(driver, new, "Two", **other)
    second = _held(cast, asset, "eval.run")
    assert set(cover_of(first)) == ({second} if is_one else set())
    assert set(same_target(new)) == ({old, new} if is_one else {new})


def test_access_is_taken_where_it_was_given(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new name of the asset at its source does not move the access: the end finds what the beginning made."""
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    grant = _held(cast, asset, "train.run")
    Asset.objects.filter(pk=asset.pk).update(name="renamed")
    _end(cast, grant)
    assert all(not held for held in target.access.values())


def test_what_another_binding_of_the_target_carries_is_no_orphan(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """One target, two bindings: its list shows the access of both, and what nobody explains is listed once."""
    asset, other = (make_asset(tier=3, tier_confirmed=True) for _ in range(2))
    target = use_fake(monkeypatch, asset)
    _connect(other={"asset": other})
    _held(cast, asset, "train.run"), _held(cast, other, "eval.run")
    assert scan_due() == 2
    assert not Orphan.objects.exists()
    target.access[("mallory@example.org", asset.name)] = {"EDIT"}
    Binding.objects.update(scan_at=None)
    scan_due()
    assert [row.account for row in Orphan.objects.all()] == ["mallory@example.org"]
