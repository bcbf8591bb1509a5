"""Exports verify offline, and not with any byte changed."""

import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from django.core.management import call_command

from apps.audit import notes
from apps.audit.models import Checkpoint, Head
from apps.audit.queries.events import visible_events
from apps.audit.services.erasure import erase_details
from apps.audit.services.packages import package_of_events
from apps.audit.verifier import audit_verify
from apps.core.actor import system
from apps.core.errors import Conflict
from tests.audit.log import KEY, append, sign
from tests.audit.test_notary import notary

pytestmark = pytest.mark.django_db
Files = dict[str, bytes]


def exported(folder: Path) -> Path:
    """Return a folder with a whole export of a log that was signed three times."""
    for start in (0, 9, 18):
        append(9, start=start, before={"a": "=1+1"}, after={"a": "\x00\u202e\ud800"})
        notary(folder)
    erase_details(actor=system("tests"), log="privileged", seq=4, reason="asked")
    call_command("audit_export", "--out", str(folder / "out"), "--key", str(folder / "key.pem"), stdout=io.StringIO())
    return folder / "out"


def files_of(folder: Path) -> Files:
    """Return the files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def keys() -> list[tuple[str, bytes]]:
    """Return the verifier key the outside holds."""
    return [audit_verify.read_key(Checkpoint.objects.filter(log="privileged").latest("size").verifier_key)]


def verifies(files: Files, **options: object) -> bool:
    """Verify as the stand-alone program does."""
    return audit_verify.Export(files, keys(), **{"witnesses": [], **options}).verify()  # type: ignore[arg-type]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program, in a folder that is not the portal's."""
    return subprocess.run(command, capture_output=True, text=True, cwd=Path(command[3]).parent)


def test_the_exported_verifier_runs_alone(tmp_path: Path) -> None:
    """As its own program, without the portal; with the checkpoint that was kept outside."""
    folder = exported(tmp_path)
    outside = tmp_path / "kept.note"
    outside.write_text(Checkpoint.objects.get(log="privileged", size=18).note, encoding="utf-8")
    command = [sys.executable, "-I", str(folder / "audit_verify.py"), str(folder), "--key"]
    done = subprocess.run(
        [*command, str(tmp_path / "verifier-keys.txt"), "--witness", str(outside)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified: 29 events" in done.stdout and "1 checkpoints kept outside agree" in done.stdout
    done = run(*command, "nonsense")
    assert done.returncode == 2
    forged = outside.read_text(encoding="utf-8").replace("\n18\n", "\n17\n")
    outside.write_text(forged, encoding="utf-8")
    done = subprocess.run(
        [*command, str(tmp_path / "verifier-keys.txt"), "--witness", str(outside)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1 and "DOES NOT VERIFY" in done.stdout


def test_one_changed_byte_in_any_file_is_found(tmp_path: Path) -> None:
    """Every byte of the manifest, and a sample of all the others; missing and added files too."""
    files = files_of(exported(tmp_path))
    assert verifies(files)
    dice = random.Random(5)
    unnoticed = []
    for name, content in files.items():
        places = range(len(content)) if name == "MANIFEST.note" else dice.sample(range(len(content)), 25)
        for at in places:
            changed = content[:at] + bytes([content[at] ^ (1 << dice.randrange(7))]) + content[at + 1 :]
            try:
                if verifies({**files, name: changed}):
                    unnoticed.append((name, at))
            except UnicodeDecodeError:
                unnoticed.append((name, at, "crash"))
        assert not verifies({other: data for other, data in files.items() if other != name})
    assert unnoticed == []
    assert not verifies({**files, "extra.txt": b"x"})


def test_without_a_signed_manifest_entries_and_csv_are_still_bound(tmp_path: Path) -> None:
    """Where the exporter has no key: bytes, proofs, order, details and the CSV still have to agree."""
    files = files_of(exported(tmp_path))
    text = files.pop("MANIFEST.note").decode().rpartition("\n\n")[0] + "\n"
    assert not verifies({**files, "MANIFEST.txt": text.encode()})
    assert verifies({**files, "MANIFEST.txt": text.encode()}, unsigned=True)
    lines = files["entries.jsonl"].decode().splitlines(keepends=True)
    for changed in (lines[1:], [*lines[:3], lines[4], lines[3], *lines[5:]], [*lines[:3], lines[2], *lines[3:]]):
        again = resealed({**files, "entries.jsonl": "".join(changed).encode()}, text)
        assert not verifies(again, unsigned=True)
    assert not verifies(resealed({**files, "events.csv": files["events.csv"] + b"x"}, text), unsigned=True)


def resealed(files: Files, text: str) -> Files:
    """Make the unsigned manifest fit the files again, as a forger would."""
    kept = [line for line in text.splitlines() if not line.startswith("sha256")]
    sums = [f"sha256 {audit_verify.hashlib.sha256(data).hexdigest()} {name}" for name, data in sorted(files.items())]
    return {**files, "MANIFEST.txt": ("\n".join([*kept, *sums]) + "\n").encode()}


def test_another_key_or_log_is_refused(tmp_path: Path) -> None:
    """Origin and key are pinned by who verifies."""
    files = files_of(exported(tmp_path))
    stranger = notes.VerifierKey.of(Head.objects.get(log="privileged").origin, KEY)
    assert not audit_verify.Export(files, [audit_verify.read_key(str(stranger))], []).verify()
    name, public = keys()[0]
    assert not audit_verify.Export(files, [(name.replace("privileged", "activity"), public)], []).verify()


def test_a_selection_verifies_with_its_proofs(tmp_path: Path, settings: object) -> None:
    """What the page gives: filtered events, in a ZIP, with an export event before it leaves."""
    settings.ZTPORTAL_AUDIT_KEY_FILE = str(tmp_path / "none.pem")  # type: ignore[attr-defined]
    append(30)
    with pytest.raises(Conflict, match="not signed"):
        package_of_events(actor=system("tests"), log="privileged", rows=visible_events(system("tests")), filters={})
    sign(tmp_path)
    rows = visible_events(system("tests")).filter(log="privileged", subject_id__in=["3", "17", "29"])
    content = package_of_events(actor=system("tests"), log="privileged", rows=rows, filters={"subject": ["3"]})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert verifies(files, unsigned=True) and files["entries.jsonl"].count(b"\n") == 3
    newest = visible_events(system("tests")).filter(action="audit.log.exported").get()
    assert b'"events":3' in bytes(newest.details.content)


def test_formulas_are_inert_in_the_csv(tmp_path: Path) -> None:
    """Spreadsheets run what starts with = + - @."""
    for hostile in ("=1", " +1", "\t@x", "\r-2", "@SUM"):
        assert audit_verify.csv_cell(hostile).startswith("'")
    assert audit_verify.csv_cell("") == "" and audit_verify.csv_cell("plain") == "plain"
