"""Data sets that runs name as their inputs."""

import json
from collections.abc import Iterator

from apps.inventory.importers.fields import Fields, storable
from apps.inventory.importers.mlflow.registry import Entry, tag_facts, tags_of
from apps.inventory.states import AssetKind

_PLACES = ("uri", "url", "path", "delta_table_name", "table", "sql")
#: Sources that only say which program made the data, not where it lies.
_MADE_BY_CODE = ("code", "local_code")


def location_of(source: str) -> str:
    """Return where the data lies: MLflow keeps the source of a data set as JSON in a string."""
    try:
        place = json.loads(source)
    except (ValueError, RecursionError):
        return source[:2000]
    if not isinstance(place, dict):
        return source[:2000]
    return next((str(storable(place[n]))[:2000] for n in _PLACES if isinstance(place.get(n), str) and place[n]), "")


def read_datasets(run: Fields, file: str) -> Iterator[Entry]:
    """Yield the data sets a run reads. Raises WrongValue."""
    inputs = run.inner("inputs")
    for index, value in enumerate(inputs.rows("dataset_inputs") if inputs else []):
        outer = Fields.of(value, f"{run.where}.inputs.dataset_inputs[{index}]")
        row = outer.inner("dataset")
        if row is None:
            continue
        name, digest = row.key("name", limit=300), row.key("digest", limit=100)
        tags, kind = tags_of(outer), row.text("source_type", limit=60)
        facts = {
            "kind": AssetKind.DATASET,
            "name": name,
            "version": digest,
            "content_digest": digest,
            "location": "" if kind in _MADE_BY_CODE else location_of(row.text("source")),
            **tag_facts(tags),
        }
        raw = {"source_type": kind, "source": row.text("source", limit=4000), "schema": row.text("schema", limit=4000)}
        yield Entry(f"dataset:{name}@{digest}", file, row.where, facts, raw)
