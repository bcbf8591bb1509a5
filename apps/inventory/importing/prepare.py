"""Making files plain before they are parsed: zip and gzip unpacked within caps, UTF-16 turned into UTF-8.

Caps are those of reliability.md §2, case 17: 1,000 members, ratio 100, 200 MB out. Names inside an archive are shown,
never used as paths, so nothing can be written outside the work folder.
"""

import codecs
import gzip
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from apps.inventory.formats import InputFile
from apps.inventory.records import Rejected

MAX_MEMBERS = 1_000
MAX_RATIO = 100
MAX_UNPACKED = 200_000_000
#: Small files may compress better than the ratio; under this size nobody is harmed.
RATIO_FREE = 1_000_000
CHUNK = 1 << 18
#: The list of members is read as a whole before they can be counted: 1,000 members with long names stay far below.
MAX_DIRECTORY = 1_000_000
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"

_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(slots=True)
class Prepared:
    """Plain files, and what could not be made plain. With `rejected` files the input is not complete."""

    files: list[InputFile] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class _Refused(Exception):
    """A file or member that is not unpacked."""


def prepare(files: Sequence[InputFile], folder: Path, *, as_bytes: bool = False) -> Prepared:
    """Return the files in plain form; unpacked and re-coded copies go into `folder`, which the caller removes.

    With `as_bytes` only an archive `….zip` is opened; every other file, and what is in it, stays as it is.
    """
    work = _Work(folder, as_bytes)
    for file in files:
        work.add(file)
    return work.prepared


class _Work:
    def __init__(self, folder: Path, as_bytes: bool) -> None:
        self.folder = folder
        self.as_bytes = as_bytes
        self.prepared = Prepared()
        self.copies = 0
        self.unpacked = 0

    def add(self, file: InputFile, *, inside: bool = False) -> None:
        with file.path.open("rb") as stream:
            head = stream.read(8)
        try:
            if self.as_bytes and (inside or not file.name.lower().endswith(".zip")):
                self.prepared.files.append(file)
            elif head.startswith(b"PK\x03\x04"):
                self._unzip(file, inside)
            elif head.startswith(b"\x1f\x8b"):
                self._gunzip(file, inside)
            else:
                self.prepared.files.append(self._recode(file, head))
        except _Refused as refusal:
            self._reject(file.name, str(refusal))
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, UnicodeError) as problem:
            self._reject(file.name, f"the file cannot be read: {problem}")

    def _reject(self, name: str, reason: str) -> None:
        self.prepared.rejected.append(Rejected(name, "file", reason))

    def _unzip(self, file: InputFile, inside: bool) -> None:
        if inside:
            raise _Refused("an archive inside an archive is not opened")
        if _directory_size(file.path) > MAX_DIRECTORY:
            raise _Refused(f"the archive names too many members; at most {MAX_MEMBERS:,} are taken")
        with zipfile.ZipFile(file.path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MAX_MEMBERS:
                raise _Refused(f"the archive has {len(members):,} members; at most {MAX_MEMBERS:,} are taken")
            if any(member.filename == "[Content_Types].xml" for member in members):
                raise _Refused("a spreadsheet or document was recognised; save it as CSV")
            for member in members:
                self._member(archive, member, f"{file.name}/{member.filename}")

    def _member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
        parts = member.filename.replace("\\", "/").split("/")
        if any(part.startswith((".", "__MACOSX")) and part != ".." for part in parts):
            return
        try:
            if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
                raise _Refused("its name leads out of the archive")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _Refused("a symbolic link is not followed")
            if member.flag_bits & 1:
                raise _Refused("it is encrypted")
            with archive.open(member) as stream:
                copy = self._copy(stream, member.compress_size)
        except _Refused as refusal:
            self._reject(name, str(refusal))
            return
        self.add(InputFile(copy, name, copy.stat().st_size), inside=True)

    def _gunzip(self, file: InputFile, inside: bool) -> None:
        with gzip.open(file.path) as stream:
            copy = self._copy(cast(IO[bytes], stream), file.size)
        plain = InputFile(copy, file.name.removesuffix(".gz"), copy.stat().st_size)
        with copy.open("rb") as opened:
            head = opened.read(8)
        if head.startswith((b"PK\x03\x04", b"\x1f\x8b")):
            raise _Refused("an archive inside an archive is not opened")
        self.prepared.files.append(self._recode(plain, head))

    def _copy(self, stream: IO[bytes], packed: int) -> Path:
        """Write a stream into the work folder, within the caps."""
        target, size = self._target(), 0
        with target.open("wb") as out:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                self.unpacked += len(chunk)
                if size > RATIO_FREE and size > packed * MAX_RATIO:
                    raise _Refused(f"it unpacks to more than {MAX_RATIO} times its size")
                if self.unpacked > MAX_UNPACKED:
                    raise _Refused(f"the archives unpack to more than {MAX_UNPACKED // 1_000_000} MB")
                out.write(chunk)
        return target

    def _target(self) -> Path:
        self.copies += 1
        return self.folder / f"{self.copies}"

    def _recode(self, file: InputFile, head: bytes) -> InputFile:
        """Return the file as UTF-8; lone surrogates pass, so that one record is rejected, not the file."""
        encoding = next((name for mark, name in _ENCODINGS if head.startswith(mark)), "")
        if not encoding and len(head) >= 4 and head[1::2].strip(b"\x00") == b"" and head[0]:
            encoding = "utf-16-le"
        elif not encoding and len(head) >= 4 and head[0::2].strip(b"\x00") == b"" and head[1]:
            encoding = "utf-16-be"
        if not encoding:
            return file
        target = self._target()
        with (
            file.path.open(encoding=encoding, errors="surrogatepass", newline="") as source,
            target.open("w", encoding="utf-8", errors="surrogatepass", newline="") as out,
        ):
            while text := source.read(CHUNK):
                out.write(text)
        return InputFile(target, file.name, target.stat().st_size)


def _directory_size(path: Path) -> int:
    """Return how many bytes of members a zip lists, as its end records say (APPNOTE.TXT 4.3.14 and 4.3.16)."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - (1 << 16) - 98))
        tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or at + 22 > len(tail):
        raise zipfile.BadZipFile("it has no end")
    size = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at >= 76 and tail[at - 20 :].startswith(_LOCATOR_64) and tail[at - 76 :].startswith(_END_64):
        size = int.from_bytes(tail[at - 36 : at - 28], "little")
    return size
