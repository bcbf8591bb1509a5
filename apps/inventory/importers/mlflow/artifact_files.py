"""Files beside the server's answers: MLmodel descriptions and listings of artifact digests."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from apps.inventory.formats import InputFile
from apps.inventory.importers.fields import clean
from apps.inventory.importers.json_files import Unreadable, decode, read_bytes
from apps.inventory.importers.mlflow.formats_of_weights import Serialisation, by_flavours

_MLMODEL_LIMIT = 300_000
_MAX_NODES = 20_000
_MAX_DEPTH = 30
_MAX_LINES = 200_000
_LINE = re.compile(r"^([0-9a-fA-F]{64})[ \t]+\*?(\S.*?)(?:[ \t]+(\d{1,18}))?$")


@dataclass(frozen=True, slots=True)
class MLmodel:
    """An MLmodel file: what it describes and the digest of its own bytes."""

    file: str
    digest: str
    model_ids: tuple[str, ...]
    run_id: str
    artifact_path: str
    serialisation: Serialisation
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """Digests of the files of one artifact folder, paths relative to its MLmodel file."""

    file: str
    files: tuple[Mapping[str, Any], ...]
    mlmodel_digest: str


def is_mlmodel(name: str) -> bool:
    """Return whether a file name is that of an MLmodel description."""
    return name.rsplit("/", 1)[-1] in ("MLmodel", "MLmodel.yaml", "MLmodel.yml")


def _bounded(value: Any, depth: int = 0, budget: list[int] | None = None) -> None:
    """Refuse what anchors expand to: each visit counts, so a billion laughs ends early (reliability.md, case 17)."""
    budget = budget if budget is not None else [_MAX_NODES]
    budget[0] -= 1
    if budget[0] < 0 or depth > _MAX_DEPTH:
        raise Unreadable("the YAML expands to more than an MLmodel file can hold")
    if isinstance(value, Mapping):
        for item in value.values():
            _bounded(item, depth + 1, budget)
    elif isinstance(value, list | tuple | set):
        for item in value:
            _bounded(item, depth + 1, budget)


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return clean(value) if isinstance(value, str) else ""


def read_mlmodel(file: InputFile) -> MLmodel:
    """Read an MLmodel file; it is data only, no tag of it makes an object. Raises Unreadable."""
    data = read_bytes(file, _MLMODEL_LIMIT)
    try:
        document = yaml.safe_load(decode(data))
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        raise Unreadable("it is not YAML of plain data", f"line {mark.line + 1}" if mark else "file") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise Unreadable("it is not YAML of plain data") from None
    _bounded(document)
    if not isinstance(document, Mapping) or not isinstance(document.get("flavors"), Mapping):
        raise Unreadable("it names no flavors, so it is not an MLmodel file")
    ids = dict.fromkeys(filter(None, (_text(document, "model_id"), _text(document, "model_uuid"))))
    return MLmodel(
        file=file.name,
        digest=hashlib.sha256(data).hexdigest(),
        model_ids=tuple(ids),
        run_id=_text(document, "run_id"),
        artifact_path=_text(document, "artifact_path"),
        serialisation=by_flavours(document["flavors"]),
        raw={
            "flavors": sorted(str(name) for name in document["flavors"]),
            "mlflow_version": _text(document, "mlflow_version"),
        },
    )


def looks_like_listing(text: str) -> bool:
    """Return whether the first line is `digest  path  size`."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return bool(_LINE.match(first.strip()))


def read_listing(file: InputFile) -> Listing:
    """Read a listing `digest  path  size` (the size may be left out). Raises Unreadable with the line."""
    found: dict[str, dict[str, Any]] = {}
    lines = decode(read_bytes(file)).splitlines()
    if len(lines) > _MAX_LINES:
        raise Unreadable(f"it lists more than {_MAX_LINES} files")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LINE.match(line.strip())
        if not match:
            raise Unreadable("a line is not `digest  path  size`", f"line {number}")
        digest, path, size = match.groups()
        path = clean(path).replace("\\", "/").removeprefix("./")
        if path.startswith("/") or ".." in path.split("/"):
            raise Unreadable("a path leads out of the artifact folder", f"line {number}")
        if path in found:
            raise Unreadable(f"{path[:80]} is listed twice", f"line {number}")
        found[path] = {"path": path, "sha256": digest.lower(), "size": int(size) if size else None}
    return _relative(file.name, found)


def _relative(name: str, found: dict[str, dict[str, Any]]) -> Listing:
    """Make paths relative to the shallowest MLmodel file of the listing, where it has one."""
    described = sorted((path for path in found if path.rsplit("/", 1)[-1] == "MLmodel"), key=lambda p: p.count("/"))
    if not described:
        return Listing(name, tuple(found.values()), "")
    prefix = described[0].removesuffix("MLmodel")
    files = tuple(
        {**entry, "path": path.removeprefix(prefix)} for path, entry in found.items() if path.startswith(prefix)
    )
    return Listing(name, files, str(found[described[0]]["sha256"]))
