"""Which files an import is about: folders expand to their data files."""

from collections.abc import Iterable
from pathlib import Path

from apps.inventory.formats import InputFile

#: What lies beside exports and is not data; everything else in a folder is read or reported.
NOT_DATA = frozenset({"sources.md", "readme.md", "readme.txt", "readme", "license", "license.md", "manifest.csv"})


def collect(paths: Iterable[Path]) -> list[InputFile]:
    """Return the files of the paths, folders recursively in name order, hidden files and notes skipped.

    A file that is named itself is always taken. A symbolic link inside a folder is not followed. Raises OSError for
    a path that does not exist.
    """
    found: list[InputFile] = []
    for path in paths:
        if not path.is_dir():
            found.append(_input(path, path.name))
            continue
        inner = sorted(entry for entry in path.rglob("*") if entry.is_file() and not entry.is_symlink())
        found += [
            _input(entry, entry.relative_to(path).as_posix()) for entry in inner if _is_data(entry.relative_to(path))
        ]
    return found


def _is_data(path: Path) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not hidden and path.name.lower() not in NOT_DATA


def _input(path: Path, name: str) -> InputFile:
    return InputFile(path, name, path.stat().st_size)
