"""Files for importers, and what importers made of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from apps.inventory.formats import Format, InputFile
from apps.inventory.records import Covered, Item, Record, Rejected


def put_all(folder: Path, contents: dict[str, Any]) -> list[InputFile]:
    """Write files by name: bytes as they are, text as UTF-8, anything else as JSON."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return inputs(folder)


def inputs(folder: Path) -> list[InputFile]:
    """Return every file below a folder, named relative to it."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [InputFile(path, path.relative_to(folder).as_posix(), path.stat().st_size) for path in found]


class Parsed:
    """The items of one parse, sorted."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Read the stream to its end."""
        self.items = list(items)
        self.rejected = [item for item in self.items if isinstance(item, Rejected)]
        self.covered = {item.record_kind: item for item in self.items if isinstance(item, Covered)}

    def of(self, kind: str) -> dict[str, Record]:
        """Return the records of a kind by key."""
        found = [item for item in self.items if isinstance(item, Record) and item.kind == kind]
        assert len({record.key for record in found}) == len(found)
        return {record.key: record for record in found}

    def reasons(self) -> list[str]:
        """Return the rejections as `file where: reason`."""
        return [f"{item.file} {item.where}: {item.reason}" for item in self.rejected]


def parsed(of: Format, files: list[InputFile]) -> Parsed:
    """Parse the files."""
    return Parsed(of.parse(files, {}))
