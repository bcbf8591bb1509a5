"""The MLflow registry: registered models, versions and runs of one day, in the server's own JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from random import Random
from typing import Any

from apps.portal.sample.catalogue import DATASETS, MODELS, NEVER, Model
from apps.portal.sample.names import UNIT_OF
from apps.portal.sample.people import DOMAIN, Person
from apps.portal.sample.timeline import Timeline, epoch_ms
from apps.portal.sample.versions import Version, build_versions, deployed_number

#: The registry is connected four weeks in; nothing was known of the models before.
CONNECTED = 28
NEXT_PAGE = "eyJvZmZzZXQiOiAyMH0="

Record = dict[str, Any]


@dataclass(frozen=True)
class Registry:
    """All models with their versions, who is said to own them, and who answers for each dataset; made from a seed."""

    versions: dict[str, tuple[Version, ...]]
    owners: dict[str, str]
    stewards: dict[str, str]

    def models(self, day: int) -> list[Model]:
        """Models the registry holds on that day, by name."""
        held = (m for m in MODELS if m.appears < day < m.leaves)
        return sorted(held, key=lambda m: m.name)

    def registered(self, model: Model, day: int) -> list[Version]:
        """Versions of one model registered before that day's export."""
        return [v for v in self.versions[model.name] if v.day < day]

    def deployed(self, model: Model, day: int) -> Version:
        """The version that serves on that day."""
        days = [v.day for v in self.versions[model.name] if v.day < day]
        return self.versions[model.name][deployed_number(days, day) - 1]


def owner_mail(rng: Random, owner: str, people: tuple[Person, ...]) -> str:
    """The mail address behind a catalogue owner; a leaver's stays there after the leaver has gone."""
    kind, _, team = owner.partition(":")
    staff = [p for p in people if p.team == team and p.leaves is None]
    if kind == "lead":
        return staff[0].email
    if kind == "member":
        return rng.choice(staff[1:6]).email
    if kind == "leaver":
        return rng.choice([p for p in people if p.leaves is not None and 40 < p.leaves < 80]).email
    return kind if "@" in kind or not kind else f"{kind}@{DOMAIN}"


def build_registry(rng: Random, people: tuple[Person, ...]) -> Registry:
    """Versions and owners of every model; pure function of `rng` and `people`."""
    versions = {m.name: build_versions(rng, m) for m in MODELS}
    stewards = {name: owner_mail(rng, dataset.steward, people) for name, dataset in DATASETS.items()}
    return Registry(versions, {m.name: owner_mail(rng, m.owner, people) for m in MODELS}, stewards)


def _ms(timeline: Timeline, day: int, name: str) -> int:
    offset = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return epoch_ms(timeline.at(day, 540 + offset % 480)) + offset % 1000


def _pairs(values: dict[str, str]) -> list[Record]:
    return [{"key": key, "value": value} for key, value in values.items() if value]


def _version(version: Version, serving: Version, timeline: Timeline) -> Record:
    model, stage = version.model, "None"
    if model.deployed_as == "stage":
        stage = "Production" if version is serving else "Archived" if version.number < serving.number else "None"
    made = _ms(timeline, version.day, version.folder)
    record: Record = {
        "name": model.name, "version": str(version.number), "creation_timestamp": made,
        "last_updated_timestamp": made, "current_stage": stage, "description": "",
        "source": f"models:/{version.model_id}", "run_id": version.run_id, "status": "READY",
    }  # fmt: skip
    if version.number == serving.number and model.tier in {"1", "2"}:
        record["tags"] = _pairs({"validation_status": "approved"})
    return record | {"run_link": ""}


def _latest(records: list[Record]) -> list[Record]:
    """`latest_versions`: one a stage, not all."""
    return list({record["current_stage"]: record for record in records}.values())


def _model(registry: Registry, model: Model, day: int, timeline: Timeline) -> Record:
    serving = registry.deployed(model, day)
    records = [_version(v, serving, timeline) for v in registry.registered(model, day)]
    first = registry.versions[model.name][0]
    tags = {
        "owner": registry.owners[model.name] if day >= model.owner_from else "",
        "tier": model.tier,
        "business_unit": UNIT_OF[model.team],
        "team": model.team,
        "environment": "production" if model.deployed_as else "development",
        "data_classification": model.label if model.tier else "",
    }
    record: Record = {
        "name": model.name,
        "creation_timestamp": _ms(timeline, first.day, model.name) - 900,
        "last_updated_timestamp": max(r["last_updated_timestamp"] for r in records),
        "latest_versions": _latest(records),
        "tags": _pairs(tags),
    }
    if model.deployed_as in {"champion", "production"}:
        record["aliases"] = [{"alias": model.deployed_as, "version": str(serving.number)}]
    return record


def snapshot(name: str, day: int) -> str:
    """The digest of a dataset as a run of that day found it, in MLflow's eight digits."""
    renewed = day >= DATASETS[name].renewed
    return hashlib.sha256(f"{name}:{renewed}".encode()).hexdigest()[:8]


def _dataset(name: str, version: Version) -> Record:
    """One dataset input: MLflow keeps source, schema and profile as JSON in strings."""
    told, digest = DATASETS[name], snapshot(name, version.day)
    place_key = {"delta_table": "delta_table_name", "http": "url"}.get(told.kind, "uri")
    licensed = told.renewed == NEVER or version.day >= told.renewed
    return {
        "tags": _pairs({"mlflow.data.context": "training", "license": told.licence if licensed else ""}),
        "dataset": {
            "name": name, "digest": digest, "source_type": told.kind, "source": json.dumps({place_key: told.place}),
            "schema": json.dumps({"mlflow_colspec": [{"type": "double", "name": "x", "required": True}]}),
            "profile": json.dumps({"num_rows": 1000 + int(digest[:4], 16)}),
        },
    }  # fmt: skip


def _run(version: Version, user: str, timeline: Timeline) -> Record:
    end = _ms(timeline, version.day, version.folder) - 1200
    score = 0.7 + int(version.run_id[:4], 16) % 2500 / 10000
    name = f"train-{version.folder}"
    tags = {"mlflow.user": user, "mlflow.source.name": "train.py", "mlflow.source.type": "JOB", "mlflow.runName": name}
    return {
        "info": {
            "run_uuid": version.run_id, "experiment_id": "1", "run_name": name, "user_id": user, "status": "FINISHED",
            "start_time": end - 3_600_000, "end_time": end,
            "artifact_uri": f"mlflow-artifacts:/1/{version.run_id}/artifacts", "lifecycle_stage": "active",
            "run_id": version.run_id,
        },
        "data": {
            "metrics": [{"key": "auc", "value": score, "timestamp": end - 60_000, "step": 0}],
            "params": _pairs({"seed": str(version.number)}),
            "tags": _pairs(tags),
        },
        "inputs": {"dataset_inputs": [_dataset(n, version) for n in version.model.sets]} if version.names_data else {},
        "outputs": {"model_outputs": [{"model_id": version.model_id, "step": 0}]},
    }  # fmt: skip


def stored(registry: Registry, day: int) -> list[Version]:
    """Versions whose artifacts could be read; of a few models nobody may list the files."""
    return [v for m in registry.models(day) if m.listed for v in registry.registered(m, day)]


def registered_models(registry: Registry, day: int, timeline: Timeline) -> list[Record]:
    """The records of `registered-models/search`."""
    return [_model(registry, m, day, timeline) for m in registry.models(day)]


def model_versions(registry: Registry, day: int, timeline: Timeline) -> list[Record]:
    """The records of `model-versions/search`."""
    found = []
    for model in registry.models(day):
        serving = registry.deployed(model, day)
        found += [_version(v, serving, timeline) for v in registry.registered(model, day)]
    return found


def runs(registry: Registry, day: int, timeline: Timeline) -> list[Record]:
    """The records of `runs/search`: one training run a version."""
    found = []
    for model in registry.models(day):
        user = registry.owners[model.name].split("@")[0] or "svc-retrain-nightly"
        found += [_run(v, user, timeline) for v in registry.registered(model, day)]
    return found


def pages(key: str, records: list[Record], cut: int | None) -> list[Record]:
    """Search answers: one, or two when `cut` says where the first page ends; the last page has no token."""
    if cut is None:
        return [{key: records}]
    return [{key: records[:cut], "next_page_token": NEXT_PAGE}, {key: records[cut:]}]
