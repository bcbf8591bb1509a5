"""MLflow: models, versions, runs, data sets, owners, artifacts; paging, ties and hostile files."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from apps.inventory.importers.mlflow import FORMAT
from apps.inventory.records import ARTIFACT, ASSET, LINK, OWNER_CLAIM, UnrecognisedInput
from tests.inventory.given import Parsed, parsed, put_all

ID = "m-4f4256ce7efd4d788f4a74cf012731a5"
MADE = 1795214076355


def tags(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def model(name: str = "fraud", **fields: Any) -> dict[str, Any]:
    return {"name": name, "creation_timestamp": MADE, "last_updated_timestamp": MADE, **fields}


def version(number: str = "1", **fields: Any) -> dict[str, Any]:
    return {
        "name": "fraud", "version": number, "creation_timestamp": MADE, "current_stage": "None", "run_id": f"r{number}",
        "source": f"models:/{ID}", "status": "READY", **fields,
    }  # fmt: skip


def run(key: str = "r1", datasets: list[Any] | None = None, **info: Any) -> dict[str, Any]:
    return {
        "info": {"run_id": key, "run_name": "train", "user_id": "root", "lifecycle_stage": "active", **info},
        "data": {"tags": tags(**{"mlflow.user": "ada"})},
        "inputs": {"dataset_inputs": datasets or []},
    }


def mlmodel(flavour: str = "sklearn:\n    serialization_format: skops", key: str = ID) -> bytes:
    return f"flavors:\n  {flavour}\nmodel_id: {key}\nmodel_uuid: {key}\nrun_id: r1\n".encode()


def listing(*files: tuple[str, bytes]) -> str:
    return "\n".join(f"{hashlib.sha256(data).hexdigest()}  {path}  {len(data)}" for path, data in files)


def read(tmp_path: Path, **contents: Any) -> Parsed:
    renamed = {"MLmodel": "MLmodel", "listing": "listing.sha256.txt"}
    return parsed(FORMAT, put_all(tmp_path, {renamed.get(n, f"{n}.json"): c for n, c in contents.items()}))


def test_models_and_versions(tmp_path: Path) -> None:
    tagged = tags(
        owner="ada@fenwick.example", tier="Tier 1", data_classification="confidential", business_unit="Claims"
    )
    found = read(
        tmp_path,
        models={"registered_models": [model(tags=tagged, aliases=[{"alias": "champion", "version": "2"}])]},
        versions={"model_versions": [version(current_stage="Archived"), version("2")]},
    )
    facts = found.of(ASSET)["fraud"].facts
    assert (facts["kind"], facts["claimed_tier"], facts["classification"]) == ("model", 1, "confidential")
    assert facts["created_on_source_at"] == datetime(2026, 11, 20, 22, 34, 36, 355000, tzinfo=UTC)
    first, second = found.of(ASSET)["fraud/1"].facts, found.of(ASSET)["fraud/2"].facts
    assert (first["stage"], first["aliases"], first["version_number"]) == ("Archived", [], 1)
    assert (second["stage"], second["aliases"], second["parent_key"]) == ("", ["champion"], "fraud")
    assert found.of(OWNER_CLAIM)["fraud#owner"].facts["claim"] == "ada@fenwick.example"
    assert found.of(LINK)["fraud/1>version_of>fraud"].facts["relation"] == "version_of"


def test_the_same_record_in_several_answers_is_one(tmp_path: Path) -> None:
    whole = model(latest_versions=[version()])
    found = read(
        tmp_path, search={"registered_models": [whole]}, get={"registered_model": whole}, v={"model_version": version()}
    )
    assert set(found.of(ASSET)) == {"fraud", "fraud/1"}
    assert found.reasons() == []


def test_runs_and_the_data_they_name(tmp_path: Path) -> None:
    dataset = {
        "name": "claims",
        "digest": "ab12",
        "source_type": "delta_table",
        "source": '{"delta_table_name": "db.claims"}',
    }
    found = read(
        tmp_path,
        versions={"model_versions": [version()]},
        runs={
            "runs": [
                run(datasets=[{"dataset": dataset, "tags": tags(licence="CC-BY-4.0")}]),
                run("r9", lifecycle_stage="deleted"),
            ]
        },
    )
    facts = found.of(ASSET)["dataset:claims@ab12"].facts
    assert (facts["kind"], facts["location"], facts["licence"]) == ("dataset", "db.claims", "CC-BY-4.0")
    assert {"dataset:claims@ab12>trained_on>run:r1", "run:r1>produced>fraud/1"} <= set(found.of(LINK))
    assert "run:r9" not in found.of(ASSET)
    claim = found.of(OWNER_CLAIM)["fraud/1#owner"]
    assert (claim.facts["claim"], claim.raw["via"]) == ("ada", "user of the run")


@pytest.mark.parametrize(
    ("flavour", "name", "runs_code"),
    [
        ("sklearn:\n    serialization_format: skops\n    pickled_model: model.skops", "skops", "no"),
        ("sklearn:\n    serialization_format: cloudpickle", "cloudpickle", "yes"),
        ("sklearn:\n    pickled_model: model.pkl", "pickle", "yes"),
        ("pytorch:\n    model_data: data", "torch", "yes"),
        ("onnx:\n    data: model.onnx", "onnx", "no"),
        ("keras:\n    data: model.keras", "keras", "unknown"),
        (
            "python_function:\n    loader_module: mlflow.pyfunc.model\n    python_model: python_model.pkl",
            "pickle",
            "yes",
        ),
        ("somethingnew: {}", "", "unknown"),
    ],
)
def test_what_loading_can_do(tmp_path: Path, flavour: str, name: str, runs_code: str) -> None:
    found = read(tmp_path, versions={"model_versions": [version()]}, MLmodel=mlmodel(flavour))
    facts = found.of(ASSET)["fraud/1"].facts
    assert (facts["serialisation"], facts["runs_code"]) == (name, runs_code)


def test_a_pickle_beside_makes_it_the_worst(tmp_path: Path) -> None:
    described = mlmodel()
    files = listing(("MLmodel", described), ("model.skops", b"x"), ("extra/weights.pt", b"y"))
    found = read(tmp_path, versions={"model_versions": [version()]}, MLmodel=described, listing=files)
    assert found.of(ASSET)["fraud/1"].facts["runs_code"] == "yes"
    artifact = found.of(ARTIFACT)["fraud/1"].facts
    assert (artifact["asset_key"], artifact["file_count"], artifact["total_size"]) == ("fraud/1", 3, len(described) + 2)
    assert found.of(ASSET)["fraud/1"].facts["content_digest"] == f"sha256:{artifact['files_digest']}"


def test_files_that_belong_to_no_version_say_why(tmp_path: Path) -> None:
    found = read(
        tmp_path, versions={"model_versions": [version()]}, MLmodel=mlmodel(key="m-00000000").replace(b"r1", b"r7"),
        listing=listing(("MLmodel", b"another")),
    )  # fmt: skip
    assert any("no model version among these files has m-00000000" in reason for reason in found.reasons())
    assert any("is not among these files" in reason for reason in found.reasons())
    assert found.of(ARTIFACT) == {}


def test_mlflow_2_ties_by_run_and_by_folder(tmp_path: Path) -> None:
    pickled = "sklearn:\n    pickled_model: model.pkl"
    old = version(source="s3://bucket/1/r1/artifacts/model")
    files = put_all(tmp_path, {
        "v.json": {"model_versions": [old, version("2", source="runs:/r2/model")]},
        "a/MLmodel": mlmodel(pickled).replace(b"model_id", b"was_id").replace(b"model_uuid", b"old"),
        "fraud/2/files.txt": listing(("model.onnx", b"z")),
    })  # fmt: skip
    found = parsed(FORMAT, files)
    assert found.of(ASSET)["fraud/1"].facts["runs_code"] == "yes"
    assert found.of(ASSET)["fraud/2"].facts["runs_code"] == "no"
    assert set(found.of(ARTIFACT)) == {"fraud/2"}


def test_paging(tmp_path: Path) -> None:
    one = {"registered_models": [model()], "next_page_token": "x"}
    found = read(tmp_path, one=one, versions={"model_versions": [version()]})
    assert not found.covered["asset:model"].complete and not found.covered[ASSET].complete
    found = read(tmp_path, two={"registered_models": [model("other")]})
    assert found.covered["asset:model"].complete and found.covered[ASSET].complete
    assert "asset:training_job" not in found.covered


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "not found"}, "an error answer of the server"),
        ({"surprise": 1}, "recognised an object with surprise"),
        ({}, "an empty answer"),
        ({"model_versions": [version(version=2)]}, "text was expected"),
        ({"model_versions": [version(creation_timestamp="soon")]}, "milliseconds"),
        ({"model_versions": [version(), version()]}, "twice"),
        ({"registered_models": [{"creation_timestamp": 1}]}, "missing"),
    ],
)
def test_what_cannot_be_taken_is_named(tmp_path: Path, content: Any, reason: str) -> None:
    found = read(tmp_path, good={"registered_models": [model()]}, odd=content)
    assert len(found.rejected) == 1 and reason in found.reasons()[0]


def test_a_key_is_one_asset_whatever_its_name(tmp_path: Path) -> None:
    found = read(tmp_path, m={"registered_models": [model("fraud/1"), model()]}, v={"model_versions": [version()]})
    assert set(found.of(ASSET)) == {"fraud/1", "fraud"}
    assert "its key fraud/1 is that of a model" in found.reasons()[0]


def test_nothing_of_mlflow_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UnrecognisedInput, match="recognised"):
        read(tmp_path, odd={"value": []})


LAUGHS = "\n".join(
    ["flavors: {}", 'a0: &a0 "ha"', *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "expands to more than"),
        ("flavors: &a [*a]", "no flavors"),
        ("!!python/object/apply:os.system ['true']", "not YAML of plain data"),
        ("flavors:\n" + "[" * 20_000, "not YAML of plain data"),
        ("x" * 400_000, "larger than"),
        ("just: text", "no flavors"),
    ],
)
def test_yaml_is_bounded_data(tmp_path: Path, text: str, reason: str) -> None:
    began = monotonic()
    found = read(tmp_path, versions={"model_versions": [version()]}, MLmodel=text)
    assert monotonic() - began < 2
    assert "MLmodel" in found.reasons()[0]
    assert reason in found.reasons()[0] or "expands" in found.reasons()[0]


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../../b"])
def test_a_listing_cannot_lead_out(tmp_path: Path, path: str) -> None:
    found = read(tmp_path, versions={"model_versions": [version()]}, listing=listing(("MLmodel", b"x"), (path, b"y")))
    assert found.reasons() == ["listing.sha256.txt line 2: a path leads out of the artifact folder"]
