"""Permissions at MLflow are about the models that a registry shows, whichever of both is imported first."""

from pathlib import Path
from typing import Any

import pytest

from apps.inventory.models import Asset, AssetObservation, Entitlement
from apps.inventory.services.intake import import_files
from tests.access.grants import ACTOR
from tests.factories import NOW, make_asset, make_observation, make_source
from tests.inventory.given import put_all

pytestmark = pytest.mark.django_db


def registry(folder: Path, *names: str, source: str = "registry") -> None:
    models = [{"name": name, "creation_timestamp": 1700000000000} for name in names]
    _take(folder / source, {"registered_models": models}, source)


def accounts(folder: Path, *names: str) -> None:
    rows = [{"name": name, "permission": "EDIT", "user_id": 2} for name in names]
    user = {"id": 2, "username": "ada", "is_admin": False, "registered_model_permissions": rows,
            "experiment_permissions": [{"experiment_id": "1", "permission": "EDIT"}]}  # fmt: skip
    _take(folder / "accounts", {"users": [user]}, "accounts")


def _take(folder: Path, content: Any, source: str) -> None:
    files = put_all(folder, {f"{source}.json": content})
    import_files(actor=ACTOR, format="auto", files=files, source_name=source)


def named() -> dict[str, str]:
    """Return the asset of each permission, empty where it has none."""
    return {scope: name or "" for scope, name in Entitlement.objects.values_list("scope", "asset__name")}


@pytest.mark.parametrize("first", ["registry", "accounts"])
def test_a_permission_is_about_the_registered_model_of_that_name(first: str, tmp_path: Path) -> None:
    """Letters are told apart, as MLflow does; the default and what is no model's stand for their scope."""
    steps = [lambda: registry(tmp_path, "fraud", "Fraud"), lambda: accounts(tmp_path, "fraud", "gone-model")]
    for step in steps if first == "registry" else reversed(steps):
        step()
    assert named() == {"fraud": "fraud", "gone-model": "", "experiment:1": "", "*": ""}


def test_a_model_named_as_everything_or_as_another_resource_takes_no_permission(tmp_path: Path) -> None:
    """Else whoever names a model would make it the subject of everybody's default, or of an experiment's."""
    registry(tmp_path, "*", "experiment:1", "fraud")
    accounts(tmp_path, "fraud")
    assert named() == {"fraud": "fraud", "experiment:1": "", "*": ""}


def test_a_name_of_two_registries_names_neither(tmp_path: Path) -> None:
    """Whose server the account is of, nothing tells; with one of them left it is clear."""
    registry(tmp_path, "fraud")
    other = make_observation(make_asset(name="fraud"), source=make_source(format="mlflow"), source_key="fraud")
    accounts(tmp_path, "fraud")
    assert named()["fraud"] == ""
    AssetObservation.objects.filter(pk=other.pk).update(gone_at=NOW)
    registry(tmp_path, "fraud", "another")
    assert Entitlement.objects.get(scope="fraud").asset == Asset.objects.exclude(pk=other.asset_id).get(name="fraud")
