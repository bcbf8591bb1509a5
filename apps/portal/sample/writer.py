"""Puts exports on disk: same bytes are stored once and linked from every week that carries them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any


def as_json(record: Any) -> bytes:
    """JSON as vendors' tools print it: two spaces, plain UTF-8."""
    return json.dumps(record, indent=2, ensure_ascii=False).encode()


class Shelf:
    """Writes files below one folder; a second copy of the same bytes is a hard link to the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._first: dict[bytes, Path] = {}

    def put(self, path: str, data: bytes) -> Path:
        """Writes `data` at `path` (relative to the root), replacing what is there; returns the full path."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        digest = hashlib.sha256(data).digest()
        first = self._first.get(digest)
        if first is None:
            target.write_bytes(data)
            self._first[digest] = target
            return target
        try:
            os.link(first, target)
        except OSError:
            # No links on this file system, or too many to one file.
            shutil.copyfile(first, target)
        return target
