"""Refuses lock files that name a registry or hold a package without its digest.

Usage: python scripts/check_locks.py

A host in a lock file would take every machine to that host, past the mirror it is configured for; a package without a
digest could be anything. Exit 0 when all is well, 1 with one line per fault.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^[A-Za-z0-9._-]+(\[[^\]]+\])?==\S+")
ADDRESS = re.compile(r"\w+://|--(extra-)?index-url|--find-links")


def main() -> int:
    """Check all lock files and print what is wrong."""
    faults = [fault for path in sorted((ROOT / "requirements").glob("*.txt")) for fault in requirement_faults(path)]
    faults += package_lock_faults(ROOT / "package-lock.json")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def requirement_faults(path: Path) -> list[str]:
    """Return the faults of one hash-locked requirement set."""
    faults = []
    for entry in path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        if ADDRESS.search(entry):
            faults.append(f"{path.name}: names an address: {entry[:80]}")
        elif not PINNED.match(entry) or "--hash=sha256:" not in entry:
            faults.append(f"{path.name}: not pinned by digest: {entry[:80]}")
    return faults


def package_lock_faults(path: Path) -> list[str]:
    """Return the faults of the npm lock file."""
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    faults = []
    for name, entry in packages.items():
        if "resolved" in entry:
            faults.append(f"{path.name}: names an address: {name}")
        if name and not entry.get("integrity", "").startswith("sha512-"):
            faults.append(f"{path.name}: no digest: {name}")
    return faults


if __name__ == "__main__":
    raise SystemExit(main())
