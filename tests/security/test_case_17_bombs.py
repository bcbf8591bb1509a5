"""Case 17: archives, JSON, XML and YAML that grow, lead out or nest, through the upload page: refused at small cost."""

import gzip
import io
import json
import resource
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.inventory.models import Identity, Import
from apps.inventory.services.intake import work_on
from apps.inventory.states import ImportState

MEGABYTE = 1_000_000
LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><l>&d;&d;&d;&d;</l>"""
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
YAML_LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(ord("b"), ord("j"))
)
USERS = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "value": []}


def archive(members: dict[str, bytes], attributes: int = 0) -> bytes:
    """Return a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, attributes
            opened.writestr(info, content)
    return out.getvalue()


def nested_archive(depth: int = 6) -> bytes:
    """Return zips within zips, 16 copies at each level, as 42.zip."""
    content = archive({"0.json": b"0" * MEGABYTE})
    for _ in range(depth):
        content = archive({f"{n}.zip": content for n in range(4)})
    return content


def crowded_directory(members: int = 350_000, *, wide: bool = False) -> bytes:
    """Return a zip whose directory alone names many members, none of which has content; `wide` hides it in zip64."""
    name = b"a"
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + name
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + name
    size, start = len(entry) * members, len(local)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 1 if wide else size, start, 0)
    if wide:
        end_64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, members, members, size, start)
        end = end_64 + struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1) + end
    return local + entry * members + end


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zips in zips": ("bomb.zip", nested_archive),
    "a zip of zeros": ("bomb.zip", lambda: archive({"users.json": b"0" * 150 * MEGABYTE})),
    "a gzip of zeros": ("bomb.json.gz", lambda: gzip.compress(b"0" * 150 * MEGABYTE, 9)),
    "a zip of many members": ("bomb.zip", lambda: archive({f"{n}.json": b"{}" for n in range(1_001)})),
    "a crowded directory": ("bomb.zip", crowded_directory),
    "a name that leads out": ("slip.zip", lambda: archive({"../../x.json": json.dumps(USERS).encode()})),
    "an absolute name": ("slip.zip", lambda: archive({"/etc/cron.d/x": b"* * * * * root id"})),
    "a symbolic link": ("link.zip", lambda: archive({"users.json": b"/etc/passwd"}, attributes=0o120777 << 16)),
    "nested brackets": ("deep.json", lambda: b"[" * MEGABYTE),
    "nested objects": ("deep.json", lambda: b'{"value":' * 200_000),
    "nested in a user": ("deep.json", lambda: b'{"value":[{"id":' + b"[" * MEGABYTE),
    "billion laughs": ("users.xml", lambda: LAUGHS),
    "an outside entity": ("users.xml", lambda: ENTITY),
    "a crowded directory of 64 bits": ("bomb.zip", lambda: crowded_directory(wide=True)),
    "one endless number": ("users.json", lambda: b'{"value": [{"id": ' + b"9" * MEGABYTE),
    "one endless line": ("credentials.csv", lambda: b"user," * MEGABYTE),
    "no bytes at all": ("empty.json", lambda: b""),
    "only a mark": ("users.json", lambda: b"\xff\xfe"),
    "bytes of no text": ("users.json", lambda: bytes(range(256)) * 40),
}


@pytest.fixture
def admin(signed_in: Callable[[str], Client], settings: Any, tmp_path: Path) -> Client:
    """A security administrator; uploads are kept in a folder of this test."""
    settings.MEDIA_ROOT = tmp_path / "uploads"
    return signed_in("security_admin")


def upload(client: Client, name: str, content: bytes, **posted: str) -> Any:
    """Post one file to the upload page."""
    file = SimpleUploadedFile(name, content)
    return client.post("/setup/sources/upload", {"files": file, "format": "auto", **posted})


def peak() -> int:
    """Return the most memory this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_a_bomb_is_refused_at_small_cost(admin: Client, bomb: str, tmp_path: Path) -> None:
    name, make = BOMBS[bomb]
    content = make()
    memory, started = peak(), time.process_time()
    answer = upload(admin, name, content)
    spent, grown = time.process_time() - started, peak() - memory
    assert answer.status_code == 400, answer.content
    assert b"errors" in answer.content
    assert b"root:" not in answer.content
    assert not Import.objects.exists()
    assert spent < 2, f"{spent:.1f} s"
    assert grown < 100 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB"
    assert not list((tmp_path / "uploads").glob("import-*")), "a refused upload leaves no file"


@pytest.mark.parametrize(
    "text", [YAML_LAUGHS, b"!!python/object/apply:os.system ['touch /tmp/zt-ran']", b"a: [" * 60_000]
)
def test_a_model_file_is_bounded_data(admin: Client, text: bytes) -> None:
    """An MLmodel is taken by its name; what is wrong with its text is said about it, and nothing else happens."""
    memory, started = peak(), time.process_time()
    answer = upload(admin, "MLmodel", text)
    if answer.status_code == 302:
        owner = Import.objects.get()
        work_on(owner.pk)
        owner.refresh_from_db()
        assert owner.state == ImportState.REFUSED or (owner.rejected_count == 1 and owner.created == 0)
    assert time.process_time() - started < 2
    assert peak() - memory < 100 * MEGABYTE
    assert not Path("/tmp/zt-ran").exists()


def test_more_than_an_upload_holds_is_refused(admin: Client) -> None:
    answer = upload(admin, "users.json", b" " * (20 * MEGABYTE + 1))
    assert answer.status_code == 400 and b"at most 20 MB" in answer.content


def test_a_bomb_beside_good_records_harms_only_itself(admin: Client) -> None:
    """A whole export with one record that nests too deep, one endless name, and members that lead out."""
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    rows = [
        {"id": "1", "userPrincipalName": "good@fenwick.example", "displayName": "Good", "accountEnabled": True},
        {"id": "2", "userPrincipalName": "deep@fenwick.example", "displayName": "Deep", "extra": deep},
        {"id": "3", "userPrincipalName": "long@fenwick.example", "displayName": "L" * 100_000},
    ]
    content = archive({"users.json": json.dumps({**USERS, "value": rows}).encode(), "../../out.json": b"{}"})
    answer = upload(admin, "export.zip", content)
    assert answer.status_code == 302, answer.context["form"].errors
    owner = Import.objects.get()
    work_on(owner.pk)
    owner.refresh_from_db()
    assert owner.state == ImportState.PREVIEWED
    assert admin.post(f"/setup/imports/{owner.number}/apply").status_code == 302
    work_on(owner.pk)
    assert Identity.objects.filter(login="good@fenwick.example").exists()
    assert max((len(name) for name in Identity.objects.values_list("name", flat=True)), default=0) <= 300
    assert any("leads out" in reason for reason in owner.rejected.values_list("reason", flat=True))
