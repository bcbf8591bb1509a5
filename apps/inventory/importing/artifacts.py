"""Files of an artifact by digest: what makes two copies of a model the same content."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

#: Files beside a model that are not part of it: version control, and the signature itself.
_BESIDE = (".git", ".gitattributes", ".github", ".gitignore")


def is_beside(path: str) -> bool:
    """Return whether a path in an artifact is no content: a signature at its root, or version control."""
    first = path.split("/", 1)[0]
    return first in _BESIDE or (path == first and path.endswith(".sig"))


def files_digest(files: Iterable[Mapping[str, Any]]) -> str:
    """Return one SHA-256 over (path, SHA-256) of all content files, "" where a digest is missing or none is content.

    Two artifacts with the same value hold the same files under the same paths, wherever each of them lies.
    """
    content = sorted((str(f["path"]), str(f.get("sha256") or "")) for f in files if not is_beside(str(f["path"])))
    if not content or not all(digest for _, digest in content):
        return ""
    return hashlib.sha256(json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def artifact_facts(files: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the facts every artifact record has about its files: sorted, counted, summed and digested."""
    ordered = sorted(files, key=lambda f: str(f["path"]))
    return {
        "files": ordered,
        "files_digest": files_digest(ordered),
        "file_count": len(ordered),
        "total_size": sum(int(f.get("size") or 0) for f in ordered),
    }
