"""Files made to hurt (reliability.md §2, cases 16 to 19; §5, F10): nothing is lost silently."""

import gzip
import io
import time
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError

from apps.inventory.formats import InputFile
from apps.inventory.importing import prepare as module
from apps.inventory.importing.prepare import Prepared, prepare
from apps.inventory.models import Identity
from tests.inventory.exports import aws_row, console, imported, table, totals, write


def prepared(tmp_path: Path, name: str, content: bytes) -> Prepared:
    path = write(tmp_path / name, content)
    (tmp_path / "work").mkdir()
    return prepare([InputFile(path, name, len(content))], tmp_path / "work")


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def reasons(found: Prepared) -> list[str]:
    return [f"{item.file}: {item.reason}" for item in found.rejected]


def test_zip_and_gzip_are_unpacked(tmp_path: Path) -> None:
    found = prepared(tmp_path, "both.zip", zipped({"a/r.csv": b"one", "b.csv": b"two", "__MACOSX/x": b"no"}))
    assert {file.name: file.path.read_bytes() for file in found.files} == {
        "both.zip/a/r.csv": b"one",
        "both.zip/b.csv": b"two",
    }
    (tmp_path / "gz").mkdir()
    found = prepared(tmp_path / "gz", "r.csv.gz", gzip.compress(b"three"))
    assert [(file.name, file.path.read_bytes()) for file in found.files] == [("r.csv", b"three")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_encodings_of_windows_tools(tmp_path: Path, encoding: str) -> None:
    found = prepared(tmp_path, "r.csv", "user,arn\nZoë,x\n".encode(encoding))
    assert found.files[0].path.read_text("utf-8-sig") == "user,arn\nZoë,x\n"


def test_names_that_lead_out_of_the_archive(tmp_path: Path) -> None:
    found = prepared(
        tmp_path, "slip.zip", zipped({"../../x.csv": b"x", "/etc/y": b"y", "c:\\z": b"z", "fine.csv": b"ok"})
    )
    assert [file.name for file in found.files] == ["slip.zip/fine.csv"]
    assert len(found.rejected) == 3 and all("leads out of the archive" in reason for reason in reasons(found))


def test_a_symbolic_link_in_an_archive(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("link.csv")
    member.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, "/etc/passwd")
    assert reasons(prepared(tmp_path, "l.zip", out.getvalue())) == ["l.zip/link.csv: a symbolic link is not followed"]


def test_bombs_end_early(tmp_path: Path) -> None:
    started = time.monotonic()
    zeros = bytes(20_000_000)
    found = prepared(tmp_path, "bomb.zip", zipped({"zeros.csv": zeros}))
    assert reasons(found) == ["bomb.zip/zeros.csv: it unpacks to more than 100 times its size"]
    (tmp_path / "gz").mkdir()
    found = prepared(tmp_path / "gz", "bomb.gz", gzip.compress(zeros))
    assert "more than 100 times" in reasons(found)[0]
    assert sum(file.stat().st_size for file in (tmp_path / "work").iterdir()) < 3_000_000
    assert time.monotonic() - started < 5


def test_too_many_members_and_too_much_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = prepared(tmp_path, "many.zip", zipped({f"{n}.csv": b"" for n in range(1001)}))
    assert "1,001" in reasons(found)[0] or "1,000" in reasons(found)[0]
    monkeypatch.setattr(module, "MAX_UNPACKED", 1000)
    (tmp_path / "much").mkdir()
    found = prepared(tmp_path / "much", "much.zip", zipped({"a": b"x" * 600, "b": b"y" * 600}))
    assert [file.name for file in found.files] == ["much.zip/a"] and len(found.rejected) == 1


def test_archives_in_archives_and_spreadsheets(tmp_path: Path) -> None:
    inner = zipped({"r.csv": b"x"})
    assert "inside an archive" in reasons(prepared(tmp_path, "o.zip", zipped({"i.zip": inner})))[0]
    (tmp_path / "x").mkdir()
    assert "save it as CSV" in reasons(prepared(tmp_path / "x", "x.xlsx", zipped({"[Content_Types].xml": b""})))[0]
    (tmp_path / "d").mkdir()
    assert "cannot be read" in reasons(prepared(tmp_path / "d", "d.zip", b"PK\x03\x04damaged"))[0]


@pytest.mark.django_db
def test_a_broken_archive_is_refused_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is refused: the file cannot be read") as caught:
        imported("auto", write(tmp_path / "r.csv.gz", gzip.compress(b"user,arn" * 1000)[:40]))
    assert caught.value.returncode == 2


@pytest.mark.django_db
def test_values_no_table_holds_are_rejected_per_record(tmp_path: Path) -> None:
    rows = [console("ann"), aws_row("n\x00ul"), aws_row("x" * 400), console("last")]
    content = table(rows).encode() + b"\n" + table([aws_row("l\xe4tin")]).split("\n")[1].encode("latin-1")
    found = imported("auto", write(tmp_path / "r.csv", content))
    assert totals(found) == (2, 0, 0, 0)
    told = {item["where"]: item["reason"] for item in found["rejected"]}
    assert told["row 3"] == "it holds a NUL character"
    assert told["row 4"] == "name has 400 characters; at most 300 are kept"
    assert told["row 6"] == "it holds text that is not valid Unicode; save the file as UTF-8"


@pytest.mark.django_db
def test_names_that_attack_pages_and_spreadsheets_are_kept_as_they_came(tmp_path: Path) -> None:
    names = ["</script><svg onload=alert(1)>", "=cmd|' /C calc'!A0", "\u202egpj.exe", "tab\tand\\backslash", "{{7*7}}"]
    found = imported("auto", write(tmp_path / "r.csv", table([aws_row(name) for name in names])))
    assert (totals(found), found["rejected"]) == ((len(names), 0, 0, 0), [])
    assert set(Identity.objects.values_list("name", flat=True)) == set(names)
    assert set(Identity.objects.values_list("raw__user", flat=True)) == set(names)
