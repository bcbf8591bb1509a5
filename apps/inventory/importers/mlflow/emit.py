"""Records of what an MLflow import gathered."""

from collections.abc import Iterator
from typing import Any

from apps.inventory.importers.mlflow.answers import MODELS, RUNS, VERSIONS
from apps.inventory.importers.mlflow.gather import Gathered
from apps.inventory.importers.mlflow.registry import Entry, Run, Version
from apps.inventory.importing.artifacts import artifact_facts
from apps.inventory.records import ARTIFACT, ASSET, LINK, OWNER_CLAIM, Covered, Item, Record, Rejected
from apps.inventory.states import AssetKind

#: What only files beside the registry's answers tell, and often for some versions only.
FROM_FILES = (("serialisation", "runs_code"), ("content_digest",))


def _link(left: str, relation: str, right: str, entry: Entry) -> Record:
    facts = {"left_key": left, "right_key": right, "relation": relation}
    return Record(LINK, f"{left}>{relation}>{right}"[:700], facts, {}, entry.file, entry.where)


def _claim(asset_key: str, claim: str, via: str, entry: Entry) -> Record:
    facts = {"asset_key": asset_key, "claim": claim}
    return Record(OWNER_CLAIM, f"{asset_key}#owner", facts, {"via": via}, entry.file, entry.where)


def _asset(entry: Entry, more: dict[str, Any] | None = None) -> Record:
    return Record(ASSET, entry.key, {**entry.facts, **(more or {})}, entry.raw, entry.file, entry.where)


def _version_records(version: Version, found: Gathered) -> Iterator[Record]:
    listing = found.artifacts.get(version.key)
    files = artifact_facts([dict(entry) for entry in listing.files]) if listing else {}
    more = found.weights_of(version)
    if files.get("files_digest"):
        more["content_digest"] = f"sha256:{files['files_digest']}"
    version.raw = {**version.raw, "artifact_uri": found.place_of(version)}
    yield _asset(version, more)
    yield _link(version.key, "version_of", version.model, version)
    if listing:
        facts = {"asset_key": version.key, "name": version.key[:300], **files}
        yield Record(ARTIFACT, version.key, facts, {}, listing.file, "file")


def _produced(found: Gathered) -> Iterator[tuple[str, Version]]:
    """Yield (run key, version) where the version names its run, or a run names the logged model it made."""
    makers: dict[str, str] = {m: run.key for run in found.runs.values() for m in run.model_ids}
    for version in found.versions.values():
        if version.run_id:
            yield f"run:{version.run_id}", version
        else:
            yield from ((makers[m], version) for m in sorted(version.model_ids) if m in makers)


def _version_owner(version: Version, found: Gathered, run: Run | None) -> Record | None:
    model = found.models.get(version.model)
    if version.owner:
        return _claim(version.key, version.owner, version.owner_via, version)
    if model and model.owner:
        return _claim(version.key, model.owner, "tag owner of the model", version)
    return _claim(version.key, run.user, "user of the run", version) if run and run.user else None


def _owners(found: Gathered, makers: dict[str, str]) -> Iterator[Record]:
    """Yield what the registry says about owners: a tag, else the user of the run that made the version."""
    newest: dict[str, tuple[int, str]] = {}
    for version in found.versions.values():
        run = found.runs.get(makers.get(version.key, ""))
        order = version.facts["version_number"] or 0
        if run and run.user and order >= newest.get(version.model, (-1, ""))[0]:
            newest[version.model] = (order, run.user)
        claim = _version_owner(version, found, run)
        yield from [claim] if claim else []
    for model in found.models.values():
        if model.owner:
            yield _claim(model.key, model.owner, model.owner_via, model)
        elif model.key in newest:
            yield _claim(model.key, newest[model.key][1], "user of the run of its newest version", model)
    for run in found.runs.values():
        if run.owner:
            yield _claim(run.key, run.owner, run.owner_via, run)


def records(found: Gathered) -> Iterator[Item]:
    """Yield every record: assets first, then what refers to them. Two assets of one key: the second is refused."""
    taken: dict[str, str] = {}
    made = dict(reversed([(version.key, run) for run, version in _produced(found)]))
    groups: list[Entry] = [*found.models.values(), *found.versions.values(), *found.runs.values()]
    for entry in [*groups, *found.datasets.values()]:
        if entry.key in taken:
            yield Rejected(entry.file, entry.where[:200], f"its key {entry.key[:200]} is that of a {taken[entry.key]}")
            continue
        taken[entry.key] = AssetKind(entry.facts["kind"]).label.lower()
        if isinstance(entry, Version):
            yield from _version_records(entry, found)
        else:
            yield _asset(entry)
    for version_key, run_key in made.items():
        yield _link(run_key, "produced", version_key, found.versions[version_key])
    for run in found.runs.values():
        for dataset in dict.fromkeys(run.datasets):
            yield _link(dataset, "trained_on", run.key, run)
    yield from _owners(found, made)


def _complete(found: Gathered, holds: str) -> bool:
    """Return whether a search was read to its last page: some page of it names no next one."""
    return any(not more for more in found.listed.get(holds, ()))


def coverage(found: Gathered) -> Iterator[Covered]:
    """Say per kind of asset and link whether all of it was there; only a search read to its end says what is gone.

    Runs that were fetched one by one say nothing about other runs, and leave the whole as complete as it is.
    """
    whole = _complete(found, MODELS) and _complete(found, VERSIONS)
    runs = _complete(found, RUNS)
    yield Covered(f"{ASSET}:{AssetKind.MODEL.value}", _complete(found, MODELS))
    yield Covered(f"{ASSET}:{AssetKind.MODEL_VERSION.value}", _complete(found, VERSIONS))
    for relation in ("version_of", "produced"):
        yield Covered(f"{LINK}:{relation}", _complete(found, VERSIONS))
    if RUNS in found.listed:
        for part in (
            f"{ASSET}:{AssetKind.TRAINING_JOB.value}",
            f"{ASSET}:{AssetKind.DATASET.value}",
            f"{LINK}:trained_on",
        ):
            yield Covered(part, runs)
        whole = whole and runs
    yield Covered(ASSET, whole, told_apart=FROM_FILES)
    for kind in (LINK, OWNER_CLAIM):
        yield Covered(kind, whole)
    if found.artifacts:
        yield Covered(ARTIFACT, _complete(found, VERSIONS))
