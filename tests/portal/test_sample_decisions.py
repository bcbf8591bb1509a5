"""The sample's confirmations: only known people, only what the registry shows, in date order."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

from apps.portal.sample import Batch, confirmations, generate

END = date(2026, 11, 20)


def people_before(batches: list[Batch], at: object) -> set[str]:
    files = [b.paths[0] for b in batches if b.format == "people-csv" and str(b.observed_at) < str(at)]
    return {r["email"] for f in files for r in csv.DictReader(io.StringIO(f.read_bytes().decode("utf-8-sig")))}


def shown_before(batches: list[Batch], at: object) -> set[tuple[str, str, str]]:
    """Models and dataset snapshots of the last registry export before an instant."""
    folder = [b.paths[0] for b in batches if b.format == "mlflow" and str(b.observed_at) < str(at)][-1]
    pages = [json.loads(p.read_text()) for p in sorted(folder.glob("*.json"))]
    models = {("model", m["name"], "") for page in pages for m in page.get("registered_models", [])}
    inputs = [i for page in pages for run in page.get("runs", []) for i in run["inputs"].get("dataset_inputs", [])]
    return models | {("dataset", i["dataset"]["name"], i["dataset"]["digest"]) for i in inputs}


def test_each_confirmation_follows_an_export_that_shows_its_subject_and_owner(tmp_path: Path) -> None:
    batches = generate(tmp_path, end=END)
    found = confirmations(end=END)
    assert len(found) > 30 and [c.at for c in found] == sorted(c.at for c in found)
    for one in found:
        assert (one.kind, one.name, one.version) in shown_before(batches, one.at)
        assert one.owner in people_before(batches, one.at)
    assert found[-1].at < batches[-1].observed_at
    assert len({(c.kind, c.name, c.version) for c in found}) == len(found)


def test_confirmations_are_the_same_every_time_and_leave_something_open() -> None:
    found = confirmations(end=END)
    assert found == confirmations(end=END)
    models = {c.name for c in found if c.kind == "model"}
    assert {"credit-risk-scorer", "fraud-scorer"} <= models and "claims-fraud-graph" not in models


def test_with_fewer_weeks_they_wait_for_the_first_export(tmp_path: Path) -> None:
    batches = generate(tmp_path, end=END, weeks=1)
    found = confirmations(end=END, weeks=1)
    assert found[0].at > batches[-1].observed_at.replace(day=13)
    assert {(c.kind, c.name) for c in found} < {(c.kind, c.name) for c in confirmations(end=END)}
    assert {c.owner for c in found} <= people_before(batches, found[0].at)
