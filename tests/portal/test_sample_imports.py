"""The sample's exports are taken by the importers a user has, recognised without being told, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from apps.inventory.formats import FORMATS
from apps.inventory.importing.collect import collect
from apps.inventory.records import Covered, Record, Rejected
from apps.portal.sample import SYSTEMS, Batch, generate

END = date(2026, 11, 20)


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    return generate(tmp_path_factory.mktemp("sample"), end=END, weeks=2)


@pytest.mark.parametrize("source", [source for _form, source in SYSTEMS.values()])
def test_every_export_is_recognised_and_read(batches: list[Batch], source: str) -> None:
    mine = [b for b in batches if b.source == source]
    assert mine
    for batch in mine:
        files = collect(batch.paths)
        assert max(FORMATS, key=lambda form: form.detect(files).score).name == batch.format
        items = list(FORMATS[batch.format].parse(files, {}))
        rejected = [item.reason for item in items if isinstance(item, Rejected)]
        kinds = Counter(item.kind for item in items if isinstance(item, Record))
        # The directory gives one role to a group: Graph does not say who is in it.
        assert all("is given to the group" in reason for reason in rejected)
        assert len(rejected) == (1 if source == "Entra ID" else 0)
        assert kinds.total() > 20 and any(isinstance(item, Covered) for item in items)


def test_signed_folders_tie_to_the_registrys_artifacts(batches: list[Batch]) -> None:
    digests: dict[str, set[str]] = {}
    for form in ("mlflow", "openssf-model-signing"):
        newest = [b for b in batches if b.format == form][-1]
        items = FORMATS[form].parse(collect(newest.paths), {})
        digests[form] = {i.facts["files_digest"] for i in items if isinstance(i, Record) and i.kind == "artifact"}
    assert digests["openssf-model-signing"] and digests["openssf-model-signing"] <= digests["mlflow"]
