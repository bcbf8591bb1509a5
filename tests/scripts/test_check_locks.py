"""A lock file names no registry and holds a digest for everything."""

import json
from pathlib import Path

import pytest

from scripts.check_locks import main, package_lock_faults, requirement_faults

DIGEST = "--hash=sha256:" + "0" * 64


def test_the_lock_files_of_the_project_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (f"django==5.2.19 \\\n    {DIGEST}\n", 0),
        (f"psycopg[binary]==3.3.9 ; python_version > '3' \\\n    {DIGEST} \\\n    {DIGEST}\n", 0),
        ("django==5.2.19\n", 1),
        (f"django>=5.2 {DIGEST}\n", 1),
        (f"--index-url https://mirror.example.org/simple\ndjango==5.2.19 {DIGEST}\n", 1),
        (f"django @ https://mirror.example.org/django.whl {DIGEST}\n", 1),
    ],
)
def test_requirement_without_digest_or_with_address_is_a_fault(tmp_path: Path, text: str, faults: int) -> None:
    path = tmp_path / "base.txt"
    path.write_text(text, encoding="utf-8")
    assert len(requirement_faults(path)) == faults


def test_npm_entry_with_address_or_without_digest_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "package-lock.json"
    packages = {
        "": {"name": "project"},
        "node_modules/good": {"integrity": "sha512-abc"},
        "node_modules/far": {"integrity": "sha512-abc", "resolved": "https://mirror.example.org/far.tgz"},
        "node_modules/bare": {},
    }
    path.write_text(json.dumps({"packages": packages}), encoding="utf-8")
    assert package_lock_faults(path) == [
        "package-lock.json: names an address: node_modules/far",
        "package-lock.json: no digest: node_modules/bare",
    ]
