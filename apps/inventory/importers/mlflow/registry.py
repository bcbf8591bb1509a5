"""Registered models, their versions, runs and data sets, merged over all answers of one import."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.inventory.importers.fields import Fields, WrongValue, storable
from apps.inventory.states import AssetKind

_OWNER_TAGS = ("owner", "model_owner", "owner_email")
_LOGGED_MODEL = re.compile(r"(?:^models:/|/models/)(m-[0-9a-f]{8,64})(?:/|$)")


@dataclass(slots=True)
class Entry:
    """One asset while its facts come together, with where it was first seen."""

    key: str
    file: str
    where: str
    facts: dict[str, Any]
    raw: dict[str, Any]
    owner: str = ""
    owner_via: str = ""


@dataclass(slots=True)
class Version(Entry):
    """A model version, and what ties files and runs to it."""

    model: str = ""
    run_id: str = ""
    model_ids: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Run(Entry):
    """A run, the logged models it made, and the data sets it read."""

    user: str = ""
    model_ids: set[str] = field(default_factory=set)
    datasets: list[str] = field(default_factory=list)


def tags_of(row: Fields, name: str = "tags") -> dict[str, str]:
    """Return MLflow tags, a list of key and value, as a mapping. Raises WrongValue."""
    found: dict[str, str] = {}
    for index, tag in enumerate(row.rows(name)):
        pair = Fields.of(tag, f"{row.where}.{name}[{index}]")
        found[pair.key("key", limit=250)] = pair.text("value", limit=5000)
    return found


def _first(tags: Mapping[str, str], *names: str) -> str:
    lowered = {key.lower(): value for key, value in tags.items()}
    return next((lowered[name].strip() for name in names if lowered.get(name, "").strip()), "")


def tier_of(tags: Mapping[str, str]) -> int | None:
    """Return the tier a tag claims, `1`, `tier 2` or `Tier-3`; None for anything else."""
    found = re.fullmatch(r"(?:tier)?[\s_-]*([1-3])", _first(tags, "tier", "risk_tier").lower())
    return int(found.group(1)) if found else None


def tag_facts(tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the facts that conventional tags carry."""
    return {
        "claimed_tier": tier_of(tags),
        "classification": _first(tags, "data_classification", "classification")[:60],
        "business_unit": _first(tags, "business_unit", "businessunit", "unit")[:200],
        "environment": _first(tags, "environment", "env")[:60],
        "licence": _first(tags, "licence", "license")[:100],
        "tags": dict(tags),
    }


def model_id_in(source: str) -> str:
    """Return the logged-model id that a `models:/m-…` source or an artifact address names, "" for none."""
    found = _LOGGED_MODEL.search(source)
    return found.group(1) if found else ""


def read_model(row: Fields, file: str) -> tuple[Entry, dict[str, list[str]]]:
    """Return a registered model and its aliases by version number. Raises WrongValue."""
    name, tags = row.key("name", limit=300), tags_of(row)
    by_version: dict[str, list[str]] = {}
    for index, alias in enumerate(row.rows("aliases")):
        pair = Fields.of(alias, f"{row.where}.aliases[{index}]")
        by_version.setdefault(pair.key("version", limit=100), []).append(pair.key("alias", limit=250))
    facts = {
        "kind": AssetKind.MODEL,
        "name": name,
        "description": row.text("description", limit=20_000),
        "aliases": sorted(alias for aliases in by_version.values() for alias in aliases),
        "created_on_source_at": row.epoch_ms("creation_timestamp"),
        **tag_facts(tags),
    }
    raw = storable({k: v for k, v in row.data.items() if k != "latest_versions"})
    return Entry(name, file, row.where, facts, raw, _first(tags, *_OWNER_TAGS)[:320], "tag owner"), by_version


def read_version(row: Fields, file: str) -> Version:
    """Return a model version. Raises WrongValue."""
    name, number, tags = row.key("name", limit=300), row.key("version", limit=100), tags_of(row)
    aliases = row.rows("aliases")
    if not all(isinstance(alias, str) for alias in aliases):
        raise WrongValue(f"{row.where}.aliases", "the aliases of a version are names")
    stage, source = row.text("current_stage", limit=60), row.text("source", limit=2000)
    facts = {
        "kind": AssetKind.MODEL_VERSION,
        "name": name,
        "version": number,
        "version_number": int(number) if number.isascii() and number.isdigit() and len(number) < 18 else None,
        "parent_key": name,
        # MLflow writes the word None where a version has no stage.
        "stage": "" if stage == "None" else stage,
        "aliases": sorted(str(storable(alias)) for alias in aliases),
        "description": row.text("description", limit=20_000),
        "location": source,
        "created_on_source_at": row.epoch_ms("creation_timestamp"),
        **tag_facts(tags),
    }
    return Version(
        f"{name}/{number}", file, row.where, facts, storable(row.data), _first(tags, *_OWNER_TAGS)[:320], "tag owner",
        model=name, run_id=row.text("run_id", limit=200), model_ids=set(filter(None, [model_id_in(source)])),
    )  # fmt: skip


def _outputs(row: Fields) -> set[str]:
    outputs = row.inner("outputs")
    rows = outputs.rows("model_outputs") if outputs else []
    return {Fields.of(o, f"{row.where}.outputs.model_outputs[{i}]").text("model_id") for i, o in enumerate(rows)} - {""}


def read_run(row: Fields, file: str) -> Run | None:
    """Return a run, None for one that its owner deleted. Raises WrongValue."""
    info = row.inner("info")
    if info is None:
        raise WrongValue(f"{row.where}.info", "it is missing")
    run_id = (info.text("run_id") or info.key("run_uuid"))[:200]
    if info.text("lifecycle_stage") == "deleted":
        return None
    data = row.inner("data")
    tags = tags_of(data) if data else {}
    user = tags.get("mlflow.user") or info.text("user_id", limit=320)
    facts = {
        "kind": AssetKind.TRAINING_JOB,
        "name": (info.text("run_name") or tags.get("mlflow.runName", "") or run_id)[:300],
        "description": tags.get("mlflow.note.content", ""),
        "location": info.text("artifact_uri", limit=2000),
        "created_on_source_at": info.epoch_ms("start_time"),
        **tag_facts(tags),
    }
    raw = storable({"info": info.data, "tags": tags, "inputs": row.data.get("inputs") or {}})
    owner, via = (_first(tags, *_OWNER_TAGS), "tag owner") if _first(tags, *_OWNER_TAGS) else (user, "user of the run")
    return Run(f"run:{run_id}", file, row.where, facts, raw, owner[:320], via, user=user[:320], model_ids=_outputs(row))
