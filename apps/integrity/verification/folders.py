"""Which files a signature is about: its own folder, the folder or file of its name, as they lie on disk.

Where an import reads a folder of this machine, the folder itself is walked, so that hidden files and notes, which are
no data for other formats, are compared too. Symbolic links and names that lead out are refused, never followed
(reliability.md §2, case 17).
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.integrity.verification.measure import File
from apps.inventory.formats import InputFile

MAX_FILES = 100_000
SUFFIX = ".sig"


class Refused(Exception):
    """A folder that is not read, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature file and what it stands for: `folder` is "" for the top of the input; `single` a file of its own."""

    signature: InputFile
    folder: str
    single: str = ""

    @property
    def key(self) -> str:
        """Return the name of the artifact; blank for the top folder of the input."""
        return self.single or self.folder


def is_covered(name: str, keys: set[str]) -> bool:
    """Return whether a file of the input is signed by itself or lies in a signed folder; a blank key covers all."""
    parts = name.split("/")
    return "" in keys or any("/".join(parts[:end]) in keys for end in range(1, len(parts) + 1))


def leads_out(name: str) -> bool:
    """Return whether a name is absolute, climbs, or is written for another system."""
    return name.startswith("/") or "\\" in name or ".." in name.split("/") or "\x00" in name


def signed_by(files: Sequence[InputFile]) -> Iterator[Signed]:
    """Yield each signature file with the folder or file it belongs to: `X/model.sig`, `X.model.sig`, `X.sig`."""
    names = {file.name for file in files}
    folders = {name[:cut] for name in names for cut, letter in enumerate(name) if letter == "/"}
    for file in files:
        if not file.name.endswith(SUFFIX) or leads_out(file.name):
            continue
        parent, _, base = file.name.rpartition("/")
        stem = base.removesuffix(SUFFIX).removesuffix(".model")
        beside = f"{parent}/{stem}" if parent else stem
        if base != "model.sig" and beside in folders:
            yield Signed(file, beside)
        elif base != "model.sig" and beside in names:
            yield Signed(file, parent, beside)
        else:
            yield Signed(file, parent if base == "model.sig" else beside)


def _root(file: InputFile) -> Path | None:
    """Return the folder that the input's names are relative to, None where files were uploaded or unpacked."""
    parts = file.name.split("/")
    real = file.path.parts
    if len(real) <= len(parts) or list(real[-len(parts) :]) != parts:
        return None
    return Path(*real[: -len(parts)])


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    pending = [folder]
    while pending:
        here = pending.pop()
        with os.scandir(here) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                path = Path(entry.path)
                name = path.relative_to(folder).as_posix()
                if entry.is_symlink():
                    raise Refused(f"it holds a symbolic link ({name[:80]}); a signed folder must hold plain files only")
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield name, path
                else:
                    raise Refused(f"it holds {name[:80]}, which is no plain file")


def _given(signed: Signed, files: Mapping[str, InputFile]) -> Iterator[tuple[str, Path]]:
    prefix = f"{signed.folder}/" if signed.folder else ""
    for name, file in files.items():
        if name.startswith(prefix):
            if leads_out(name):
                raise Refused(f"the name {name[:80]!r} leads out of the folder")
            if file.path.is_symlink():
                raise Refused(f"{name[:80]} is a symbolic link; a signed folder must hold plain files only")
            yield name.removeprefix(prefix), file.path


def files_of(signed: Signed, files: Mapping[str, InputFile]) -> list[File]:
    """Return the files that lie where the signature says, the signature itself left out. Raises Refused."""
    root = _root(signed.signature)
    if signed.single:
        place = files[signed.single].path
        if place.is_symlink():
            raise Refused("it is a symbolic link")
        return [File(signed.single.rsplit("/", 1)[-1], place)]
    folder = root / signed.folder if root is not None else None
    if folder is not None and folder.is_symlink():
        raise Refused("the folder is a symbolic link")
    found = _walk(folder) if folder is not None and folder.is_dir() else _given(signed, files)
    own = signed.signature.name.removeprefix(f"{signed.folder}/" if signed.folder else "")
    taken: list[File] = []
    for name, place in found:
        if name != own:
            taken.append(File(name, place))
        if len(taken) > MAX_FILES:
            raise Refused(f"it holds more than {MAX_FILES:,} files")
    return sorted(taken, key=lambda file: file.path)
