"""What the files of one MLflow import say, merged by key and tied together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.inventory.importers.fields import Fields, WrongValue
from apps.inventory.importers.mlflow.answers import DOWNLOAD, FILES, LOGGED, MODELS, RUNS, VERSIONS, Answer
from apps.inventory.importers.mlflow.artifact_files import Listing, MLmodel
from apps.inventory.importers.mlflow.datasets import read_datasets
from apps.inventory.importers.mlflow.formats_of_weights import Serialisation, by_ending, worst
from apps.inventory.importers.mlflow.registry import (
    Entry,
    Run,
    Version,
    model_id_in,
    read_model,
    read_run,
    read_version,
)
from apps.inventory.importers.mlflow.ties import tie_listing, untied, versions_of
from apps.inventory.records import ASSET, Rejected


def _row_of(holds: str, value: Any) -> tuple[str, str]:
    """Return kind and key of a rejected record, the key where it can be told: what is rejected is not gone."""
    untold = (ASSET if holds in (RUNS, MODELS, VERSIONS) else "", "")
    if not isinstance(value, Mapping):
        return untold
    info = value.get("info")
    name, number = value.get("name"), value.get("version")
    if holds == RUNS and isinstance(info, Mapping) and isinstance(info.get("run_id"), str):
        return ASSET, f"run:{info['run_id']}"
    if holds == MODELS and isinstance(name, str):
        return ASSET, name
    if holds == VERSIONS and isinstance(name, str) and isinstance(number, str):
        return ASSET, f"{name}/{number}"
    return untold


@dataclass
class Gathered:
    """One import while its files are read."""

    models: dict[str, Entry] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    datasets: dict[str, Entry] = field(default_factory=dict)
    mlmodels: list[MLmodel] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    listed: dict[str, list[bool]] = field(default_factory=dict)
    holds: set[str] = field(default_factory=set)
    #: Version key → its artifact files; → what its descriptions and files say about the weights.
    artifacts: dict[str, Listing] = field(default_factory=dict)
    weights: dict[str, list[Serialisation | None]] = field(default_factory=dict)
    _aliases: dict[str, set[str]] = field(default_factory=dict)
    _by_model_id: dict[str, list[Serialisation | None]] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)
    _seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def anything(self) -> bool:
        """Return whether any file was of this format."""
        return bool(self.holds or self.mlmodels or self.listings)

    def take(self, one: Answer) -> Iterator[Rejected]:
        """Read the records of an answer; yield those that cannot be taken."""
        self.holds.add(one.holds)
        if one.listed:
            self.listed.setdefault(one.holds, []).append(one.more)
        readers = {
            MODELS: self._model, VERSIONS: self._version, RUNS: self._run, LOGGED: self._logged, FILES: self._files,
            DOWNLOAD: self._place,
        }  # fmt: skip
        read = readers.get(one.holds)
        for where, value in one.rows if read else ():
            try:
                read(Fields.of(value, where), one.file)  # type: ignore[misc]
            except WrongValue as wrong:
                yield Rejected(one.file, wrong.where[:200], wrong.reason[:500], *_row_of(one.holds, value))

    def _once(self, file: str, key: str, where: str) -> None:
        if (file, key) in self._seen:
            raise WrongValue(where, f"{key[:200]} stands twice in this file")
        self._seen.add((file, key))

    def _model(self, row: Fields, file: str) -> None:
        entry, aliases = read_model(row, file)
        self._once(file, f"model {entry.key}", row.where)
        self.models.setdefault(entry.key, entry)
        for number, names in aliases.items():
            self._aliases.setdefault(f"{entry.key}/{number}", set()).update(names)
        for index, value in enumerate(row.rows("latest_versions")):
            version = read_version(Fields.of(value, f"{row.where}.latest_versions[{index}]"), file)
            self._add_version(version)

    def _version(self, row: Fields, file: str) -> None:
        version = read_version(row, file)
        self._once(file, f"version {version.key}", row.where)
        self._add_version(version)

    def _add_version(self, version: Version) -> None:
        known = self.versions.setdefault(version.key, version)
        known.facts["aliases"] = sorted({*known.facts["aliases"], *version.facts["aliases"]})

    def _run(self, row: Fields, file: str) -> None:
        run = read_run(row, file)
        if run is None:
            return
        self._once(file, run.key, row.where)
        datasets = list(read_datasets(row, file))
        run.datasets = [entry.key for entry in datasets]
        self.runs.setdefault(run.key, run)
        for entry in datasets:
            self.datasets.setdefault(entry.key, entry)

    def _logged(self, row: Fields, file: str) -> None:
        info = row.inner("info")
        if info is not None and info.text("model_id"):
            self._places.setdefault(info.text("model_id"), info.text("artifact_uri", limit=2000))

    def _files(self, row: Fields, file: str) -> None:
        names = [Fields.of(f, f"{row.where}.files[{i}]").text("path") for i, f in enumerate(row.rows("files"))]
        model_id = model_id_in(row.text("root_uri"))
        self._by_model_id.setdefault(model_id, []).extend(by_ending(name) for name in names)

    def _place(self, row: Fields, file: str) -> None:
        uri = row.text("artifact_uri", limit=2000)
        self._places.setdefault(model_id_in(uri), uri)

    def tie(self) -> Iterator[Rejected]:
        """Tie descriptions and listings to versions; yield those that belong to none."""
        for key, names in self._aliases.items():
            if key in self.versions:
                facts = self.versions[key].facts
                facts["aliases"] = sorted({*facts["aliases"], *names})
        described: dict[str, list[Version]] = {}
        for one in self.mlmodels:
            found = versions_of(one, self.versions)
            described.setdefault(one.digest, []).extend(found)
            for version in found:
                # A flavour that does not tell the format leaves the word to the files.
                self.weights.setdefault(version.key, []).append(one.serialisation if one.serialisation.name else None)
            if not found:
                yield Rejected(one.file, "file", untied(one))
        for listing in self.listings:
            found, reason = tie_listing(listing, described, self.versions)
            if reason:
                yield Rejected(listing.file, "file", reason)
            for version in found:
                self.artifacts.setdefault(version.key, listing)
                self.weights.setdefault(version.key, []).extend(by_ending(str(f["path"])) for f in listing.files)

    def weights_of(self, version: Version) -> dict[str, Any]:
        """Return the facts about the file format of a version's weights: the worst that any file shows."""
        found = [*self.weights.get(version.key, ())]
        for model_id in version.model_ids:
            found.extend(self._by_model_id.get(model_id, ()))
        judged = worst(found)
        return {"serialisation": judged.name, "runs_code": judged.runs_code}

    def place_of(self, version: Version) -> str:
        """Return where the artifacts of a version really lie, where an answer says so."""
        return next((self._places[m] for m in sorted(version.model_ids) if self._places.get(m)), "")
