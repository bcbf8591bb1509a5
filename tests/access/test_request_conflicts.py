"""Duty conflicts follow the asset graph: what one did to a version, its data or its model counts later."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Binding, Grant
from apps.access.queries.conflicts import deeds_of, duty_conflicts, refusing
from apps.access.queries.lineage import family, related
from apps.access.queries.people import who_are
from apps.access.states import EndReason, GrantState, Presence
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.inventory.models import Asset, AssetLink, OwnerClaim
from tests.access.asking import World, build
from tests.access.grants import make_request
from tests.cast import Cast
from tests.factories import make_asset, make_entitlement, make_identity, make_import, make_source


@pytest.fixture
def world(cast: Cast) -> World:
    """A model with two versions, a job and a data set of the first, and an endpoint that serves it."""
    world = build(cast)
    owner = {"owner": world.asset.owner, "owner_confirmed_at": world.asset.owner_confirmed_at, "tier": 3}
    for name in ("v1", "v2"):
        version = make_asset(name="churn", version=name, kind="model_version", parent=world.asset, **owner)
        setattr(world, name, version)
    for kind in ("training_job", "dataset", "endpoint"):
        setattr(world, kind, make_asset(name=kind, kind=kind, tier=3))
    _link(_of(world, "dataset"), "trained_on", _of(world, "training_job"))
    _link(_of(world, "training_job"), "produced", _of(world, "v1"))
    _link(_of(world, "v1"), "serves", _of(world, "endpoint"))
    return world


def _of(world: World, name: str) -> Asset:
    found: Asset = getattr(world, name)
    return found


def _link(left: Asset, relation: str, right: Asset) -> None:
    source = make_source()
    AssetLink.objects.create(
        source=source, last_import=make_import(source), source_key=f"{left.pk}>{right.pk}", digest="x",
        left_key=str(left.pk), right_key=str(right.pk), relation=relation, left=left, right=right,
        observed_at=source.observed_at, first_seen_at=source.observed_at,
    )  # fmt: skip


def _held(world: World, asset: Asset, operation: str, *, over: bool) -> Grant:
    """A grant the engineer holds, or held last month."""
    now, begun = clock.now(), clock.now() - timedelta(days=30 if over else 0)
    request = make_request(world.user("engineer"), asset, operation=operation)
    ended: dict[str, Any] = {"state": GrantState.ACTIVE, "observed": Presence.PRESENT}
    if over:
        ended = {"state": GrantState.ENDED, "observed": Presence.ABSENT, "end_reason": EndReason.EXPIRED}
    found = {"provisioner": "portal", "created_at": now}
    binding, _ = Binding.objects.get_or_create(asset=None, asset_kind="", defaults=found)
    return Grant.objects.create(
        request=request, holder=request.beneficiary, asset=asset, asset_label=str(asset), operation=operation, tier=2,
        minutes=60, start_at=begun, activate_by=now, activated_at=begun, expires_at=begun + timedelta(hours=1),
        binding=binding, created_at=begun, **ended,
    )  # fmt: skip


def _refusal(world: World, asset: Asset, operation: str) -> str:
    who = who_are([world.user("engineer").pk])[world.user("engineer").pk]
    found = refusing(duty_conflicts(deeds_of(who, asset), operation, 2))
    return found.sentence if found else ""


def test_the_family_of_a_version_is_its_lineage_without_siblings(world: World) -> None:
    """Job, data, endpoint and model; not the other version."""
    names = ("v1", "training_job", "dataset", "endpoint", "asset")
    assert family(_of(world, "v1").pk) == {_of(world, name).pk for name in names}
    _link(_of(world, "endpoint"), "based_on", _of(world, "dataset"))
    assert _of(world, "v2").pk not in family(_of(world, "v1").pk)
    assert {row.label for row in related(_of(world, "dataset").pk)} >= {"training_job", "endpoint"}


@pytest.mark.parametrize(
    ("did", "to", "wants", "on", "over", "refused"),
    [
        ("train.run", "v1", "model.validate", "v1", True, True),
        ("train.run", "asset", "model.validate", "v1", True, True),
        ("train.run", "v1", "model.validate", "v2", True, False),
        ("train.run", "v1", "model.validate", "v2", False, True),
        ("train.run", "training_job", "model.sign", "v1", True, True),
        ("data.curate", "dataset", "model.validate", "v1", True, True),
        ("data.curate", "dataset", "model.validate", "v2", True, False),
        ("model.sign", "v1", "model.deploy", "endpoint", True, True),
        ("model.validate", "v1", "model.deploy", "v2", False, True),
        ("model.promote", "v1", "train.run", "v2", False, False),
        ("eval.run", "v1", "model.validate", "v1", False, False),
    ],
)
def test_what_was_done_refuses_what_is_wanted(
    world: World, did: str, to: str, wants: str, on: str, over: bool, refused: bool
) -> None:
    """In the lineage for ever; in other versions of the model only what is hard, and only while it is live."""
    _held(world, _of(world, to), did, over=over)
    assert bool(_refusal(world, _of(world, on), wants)) is refused


def test_standing_access_at_a_source_counts(world: World) -> None:
    """It is held now, whoever gave it."""
    identity = make_identity(person=world.user("engineer").person)
    make_entitlement(identity, asset=_of(world, "v1"), operation="train.run")
    assert "standing access" in _refusal(world, _of(world, "v1"), "model.validate")


def test_a_confirmed_owner_of_the_job_trained_it_a_claimed_one_is_shown(world: World) -> None:
    """An import confers no rights, and takes none: the claim is for the approver to look at."""
    job, person = _of(world, "training_job"), world.user("engineer").person
    source = make_source()
    OwnerClaim.objects.create(
        source=source, last_import=make_import(source), source_key="c", digest="x", asset_key="j", claim=person.email,
        asset=job, person=person, observed_at=source.observed_at, first_seen_at=source.observed_at,
    )  # fmt: skip
    who = who_are([person.user_id])[person.user_id]
    shown = duty_conflicts(deeds_of(who, _of(world, "v1")), "model.validate", 2)
    assert [c.certain for c in shown] == [False] and "is said to own" in shown[0].sentence
    Asset.objects.filter(pk=job.pk).update(owner=person, owner_confirmed_at=clock.now())
    assert "owns the training job" in _refusal(world, _of(world, "v1"), "model.validate")


def test_a_request_in_conflict_is_refused_and_so_is_an_approval_that_comes_too_late(world: World) -> None:
    """Asked before the conflict arose: the approval is turned away, and nothing is granted."""
    version = _of(world, "v1")
    request = world.ask(asset=version, operation="model.validate")
    _held(world, version, "train.run", over=False)
    before = Grant.objects.count()
    with pytest.raises(Conflict, match="cannot be granted any more"):
        world.approve("owner", request)
    assert Grant.objects.count() == before
    with pytest.raises(Forbidden, match="independent verdict"):
        world.ask(asset=_of(world, "v2"), operation="model.validate")
