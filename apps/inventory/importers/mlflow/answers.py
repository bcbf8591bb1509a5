"""Answers of the MLflow REST API: which one a JSON document is, its records, and whether another page follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MODELS, VERSIONS, RUNS, LOGGED, FILES, DOWNLOAD, CONTEXT = (
    "registered models", "model versions", "runs", "logged models", "artifact list", "download address", "context",
)  # fmt: skip
EXPECTED = (
    "MLflow answers (registered-models, model-versions, runs, logged-models), MLmodel files or listings "
    "`digest  path  size`"
)
#: Key of a list answer and of a single answer, and what its records are.
_LISTS = {
    "registered_models": MODELS,
    "model_versions": VERSIONS,
    "runs": RUNS,
    "experiments": CONTEXT,
    "models": LOGGED,
}
_SINGLE = {
    "registered_model": MODELS, "registered_model_databricks": MODELS, "model_version": VERSIONS, "run": RUNS,
    "experiment": CONTEXT, "model": LOGGED,
}  # fmt: skip
#: An empty search answer is `{}`: only the file's name tells which search it was.
_BY_NAME = {"registered-models": MODELS, "model-versions": VERSIONS, "runs.": RUNS}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: `listed` for a search, `more` when its next page is named. `problem` says why it is not taken."""

    file: str
    holds: str
    rows: Sequence[tuple[str, Any]] = ()
    listed: bool = False
    more: bool = False
    problem: str = ""


def _one(value: Any) -> str:
    """Tell what a bare record is, as client libraries dump them."""
    if not isinstance(value, Mapping):
        return ""
    if isinstance(value.get("info"), Mapping):
        return LOGGED if "model_id" in value["info"] else RUNS
    if "name" in value and "version" in value and ("source" in value or "run_id" in value or "current_stage" in value):
        return VERSIONS
    # A serving endpoint has the same name and times, but a configuration and a state.
    served = "config" in value or "state" in value
    if "name" in value and ("latest_versions" in value or ("creation_timestamp" in value and not served)):
        return MODELS
    return ""


def _empty(file: str, value: Mapping[str, Any]) -> Answer:
    name = file.rsplit("/", 1)[-1].lower()
    holds = next((kind for start, kind in _BY_NAME.items() if start in name), "")
    if holds and set(value) <= {"next_page_token"}:
        return Answer(file, holds, listed=True, more=bool(value.get("next_page_token")))
    return Answer(file, "", problem="an empty answer, and the file's name does not say to which search")


def _listed(file: str, path: str, value: list[Any]) -> Answer:
    kinds = {_one(row) for row in value}
    if len(kinds) == 1 and (holds := kinds.pop()):
        return Answer(file, holds, [(f"{path}[{index}]", row) for index, row in enumerate(value)], listed=True)
    return Answer(file, "", problem=f"a list of records that are not all of one kind of {EXPECTED}")


def _enveloped(file: str, path: str, value: Mapping[str, Any]) -> Answer | None:
    """Return the answer of an object that names its records by the key they stand under."""
    for key, holds in _LISTS.items():
        if isinstance(value.get(key), list):
            rows = [(f"{path}.{key}[{index}]", row) for index, row in enumerate(value[key])]
            return Answer(file, holds, rows, listed=True, more=bool(value.get("next_page_token")))
    for key, holds in _SINGLE.items():
        if isinstance(value.get(key), Mapping):
            return Answer(file, holds, [(f"{path}.{key}", value[key])])
    return None


def _bare(file: str, path: str, value: Mapping[str, Any]) -> Answer:
    """Return the answer of an object that has no envelope: an artifact answer, an empty one, or a single record."""
    if "root_uri" in value and ("files" in value or len(value) == 1):
        return Answer(file, FILES, [(path, value)])
    if set(value) == {"artifact_uri"}:
        return Answer(file, DOWNLOAD, [(path, value)])
    if not set(value) - {"next_page_token"}:
        return _empty(file, value)
    holds = _one(value)
    if holds:
        return Answer(file, holds, [(path, value)])
    named = ", ".join(sorted(str(key) for key in value)[:6])
    return Answer(file, "", problem=f"recognised an object with {named[:150]}; expected {EXPECTED}")


def answer(file: str, path: str, value: Any) -> Answer:
    """Recognise one JSON document. Never raises: what is not taken carries the reason."""
    if isinstance(value, list):
        return _listed(file, path, value)
    if not isinstance(value, Mapping):
        return Answer(file, "", problem=f"it is no answer of MLflow; expected {EXPECTED}")
    if "error_code" in value:
        words = f"{value.get('error_code')}: {value.get('message', '')}"[:200]
        return Answer(file, "", problem=f"an error answer of the server, no records ({words})")
    return _enveloped(file, path, value) or _bare(file, path, value)
