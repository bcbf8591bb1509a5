"""Digests of files. Files are bytes here: read, hashed and never loaded (reliability.md §2, case 16)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from blake3 import blake3

from apps.integrity.verification.bundle import Bundle, Unsupported

CHUNK = 1 << 20
#: More shards than this are refused: the shard size is a claim of a file that nobody verified yet.
MAX_SHARDS = 100_000
#: Ignored by the library unless told otherwise.
GIT_PATHS = (".git", ".gitattributes", ".github", ".gitignore")


@dataclass(frozen=True, slots=True)
class File:
    """A file of an artifact: its path in it and where its bytes lie."""

    path: str
    place: Path


def _hasher(name: str) -> Any:
    return blake3() if name == "blake3" else hashlib.blake2b() if name == "blake2b" else hashlib.sha256()


def _whole(place: Path, algorithm: str) -> tuple[str, str, int]:
    """Return SHA-256, the digest by the other algorithm, and the size, in one pass."""
    plain, other, size = hashlib.sha256(), None if algorithm == "sha256" else _hasher(algorithm), 0
    with place.open("rb") as stream:
        while block := stream.read(CHUNK):
            size += len(block)
            plain.update(block)
            if other is not None:
                other.update(block)
    return plain.hexdigest(), other.hexdigest() if other is not None else plain.hexdigest(), size


def _shards(file: File, size: int, bundle: Bundle) -> Iterable[list[str]]:
    if size > MAX_SHARDS * bundle.shard_size:
        raise Unsupported(f"more than {MAX_SHARDS:,} shards of one file")
    named = f"{bundle.hash_type}-sharded-{bundle.shard_size}"
    with file.place.open("rb") as stream:
        for start in range(0, size, bundle.shard_size):
            end = min(start + bundle.shard_size, size)
            hasher, left = _hasher(bundle.hash_type), end - start
            while left and (block := stream.read(min(CHUNK, left))):
                left -= len(block)
                hasher.update(block)
            yield [f"{file.path}:{start}:{end}", named, hasher.hexdigest()]


def measure(files: Iterable[File], bundle: Bundle | None) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Return (path, size, SHA-256 of each file) and the items (name, algorithm, digest) in the way of the bundle.

    Raises Unsupported, OSError.
    """
    found: list[dict[str, Any]] = []
    items: list[list[str]] = []
    algorithm = bundle.hash_type if bundle else "sha256"
    for file in files:
        sha256, digest, size = _whole(file.place, algorithm)
        found.append({"path": file.path, "size": size, "sha256": sha256})
        if bundle is not None and bundle.serialisation == "shards" and bundle.hash_type != "blake3":
            items.extend(_shards(file, size, bundle))
        else:
            items.append([file.path, algorithm, digest])
    return found, sorted(items)


def is_ignored(path: str, ignored: Iterable[str]) -> bool:
    """Return whether a path is one of the ignored ones or lies below one; `.` and `..` ignore nothing."""
    here = PurePosixPath(path)
    return any(here.is_relative_to(one) for one in ignored if PurePosixPath(one).parts and ".." not in one.split("/"))


@dataclass(frozen=True, slots=True)
class Difference:
    """How what lies there differs from what was signed."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.extra)

    def sentence(self) -> str:
        """Return the difference in words, the first names of each sort."""
        sorts = (("changed", self.changed), ("missing", self.missing), ("not signed", self.extra))
        return "; ".join(f"{word}: {_names(names)}" for word, names in sorts if names)


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(name[:60] for name in names[:3]) + more


def compare(
    claimed: Mapping[str, tuple[str, str]], items: Iterable[Iterable[str]], ignored: Iterable[str]
) -> Difference:
    """Compare what a bundle claims with what was measured, leaving out what is ignored."""
    skipped = (*ignored, *GIT_PATHS)
    here = {name: (algorithm, digest) for name, algorithm, digest in items}
    kept = {name for name in here if not is_ignored(name, skipped)}
    return Difference(
        changed=tuple(sorted(name for name in kept & set(claimed) if here[name] != claimed[name])),
        missing=tuple(sorted(set(claimed) - kept)),
        extra=tuple(sorted(kept - set(claimed))),
    )
