"""Answers recorded from a real MLflow 3.17.2 server: counts equal a plain recount of the JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.integrity.models import Artifact
from apps.inventory.models import Asset, AssetObservation, OwnerClaim
from tests.real_inputs.run import imported

pytestmark = [pytest.mark.real_inputs, pytest.mark.django_db]


@pytest.fixture
def folder(real_inputs: Path) -> Path:
    return real_inputs / "mlflow-3.17"


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def test_counts_equal_a_recount(folder: Path) -> None:
    models = load(folder, "registered-models.search")["registered_models"]
    versions = load(folder, "model-versions.search")["model_versions"]
    found = imported("mlflow", folder)
    # The one run that was fetched is a training job.
    assert found["created"] == len(models) + len(versions) + 1
    assert Asset.objects.filter(kind="model").count() == len(models)
    assert Asset.objects.filter(kind="model_version").count() == len(versions)
    assert [r["file"] for r in found["rejected"]] == ["registered-models.get.404.json"]
    assert "RESOURCE_DOES_NOT_EXIST" in found["rejected"][0]["reason"]
    again = imported("mlflow", folder)
    assert (again["created"], again["updated"], again["gone"]) == (0, 0, 0)
    assert again["unchanged"] == found["created"]


def test_facts_equal_the_files(folder: Path) -> None:
    imported("mlflow", folder)
    for row in load(folder, "model-versions.search")["model_versions"]:
        seen = AssetObservation.objects.get(source_key=f"{row['name']}/{row['version']}")
        assert seen.stage == ("" if row["current_stage"] == "None" else row["current_stage"])
        assert (seen.location, seen.version_number) == (row["source"], int(row["version"]))
        assert int(seen.created_on_source_at.timestamp() * 1000) == row["creation_timestamp"]
    champion = AssetObservation.objects.get(source_key="fraud-scorer/2")
    assert (champion.aliases, champion.serialisation, champion.runs_code) == (["champion"], "skops", "no")
    assert OwnerClaim.objects.get(source_key="fraud-scorer#owner").claim == "ml-platform@example.com"


def test_the_listing_is_the_artifact_of_its_version(folder: Path) -> None:
    imported("mlflow", folder)
    artifact = Artifact.objects.get()
    lines = (folder / "artifact-listing.sha256.txt").read_text().split("\n")
    listed = {line.split()[1]: line.split()[0] for line in lines if line}
    assert {file["path"]: file["sha256"] for file in artifact.files} == listed
    assert artifact.asset is not None
    assert (artifact.asset.kind, artifact.asset.version) == ("model_version", "2")


def test_paging(folder: Path) -> None:
    one, two = (folder / f"registered-models.search.page{n}.json" for n in (1, 2))
    assert not imported("mlflow", one, source="half")["complete"]
    whole = imported("mlflow", one, two, folder / "model-versions.search.json", source="whole")
    assert whole["complete"] and whole["created"] == 7


def test_a_model_that_is_missing_is_gone(folder: Path) -> None:
    paths = [folder / f"registered-models.search{end}.json" for end in ("", ".page2")]
    versions = folder / "model-versions.search.json"
    imported("mlflow", paths[0], versions)
    found = imported("mlflow", paths[1], versions, accept_shrink=True)
    assert Asset.objects.present().filter(kind="model").count() == 1
    assert found["gone"] == 2
