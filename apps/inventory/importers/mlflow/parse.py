"""MLflow exports to records: models, versions, runs, data sets, their relations, owners claimed and artifacts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from apps.inventory.formats import InputFile, Recognition
from apps.inventory.importers.json_files import Unreadable, beginning, documents
from apps.inventory.importers.mlflow.answers import EXPECTED, answer
from apps.inventory.importers.mlflow.artifact_files import is_mlmodel, looks_like_listing, read_listing, read_mlmodel
from apps.inventory.importers.mlflow.emit import coverage, records
from apps.inventory.importers.mlflow.gather import Gathered
from apps.inventory.records import Item, Rejected, UnrecognisedInput

_MARKS = ("registered_model", "model_version", '"run_id"', '"experiment_id"', '"artifact_uri"', '"root_uri"')


def _read(file: InputFile, found: Gathered) -> Iterator[Rejected]:
    """Read one file into what is gathered; yield what cannot be taken."""
    if is_mlmodel(file.name):
        found.mlmodels.append(read_mlmodel(file))
        return
    if looks_like_listing(beginning(file)):
        found.listings.append(read_listing(file))
        return
    for path, value in documents(file):
        one = answer(file.name, path, value)
        if one.problem:
            yield Rejected(file.name, "file" if path == "$" else path, one.problem[:500])
        else:
            yield from found.take(one)


def parse(files: Sequence[InputFile], options: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the records of one export. Raises UnrecognisedInput when no file is one this format takes."""
    found = Gathered()
    rejected: list[Rejected] = []
    for file in files:
        try:
            rejected.extend(_read(file, found))
        except Unreadable as problem:
            rejected.append(Rejected(file.name, problem.where, problem.reason[:500]))
    if not found.anything:
        what = "; ".join(f"{r.file}: {r.reason}" for r in rejected[:3]) or "no file"
        raise UnrecognisedInput(what, EXPECTED)
    yield from rejected
    yield from found.tie()
    yield from records(found)
    yield from coverage(found)


def detect(files: Sequence[InputFile]) -> Recognition:
    """Say how sure it is that these are MLflow exports. Nothing in them names the server."""
    hits = 0
    for file in files:
        text = beginning(file)
        if is_mlmodel(file.name) or '"registered_models"' in text or '"model_versions"' in text:
            hits += 2
        elif looks_like_listing(text) or any(mark in text for mark in _MARKS):
            hits += 1
    signed = any(file.name.endswith(".sig") for file in files)
    score = 0 if not hits else 90 if hits > 1 else 60
    return Recognition(min(score, 30) if signed else score, "mlflow" if hits else "", "MLflow model registry")
