"""A portal of its own: a data folder, the embedded server that serves it, and its commands."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
START_WITHIN = 90.0
SIGN_IN = re.compile(r"^  (\S.*?)  +(\S+@\S+) +(\S+)$", re.MULTILINE)
LABELS = {
    "ciso": "CISO",
    "security_admin": "Security administrator",
    "manager": "Manager",
    "engineer": "Engineer",
    "auditor": "Auditor",
}


def environment(data: Path, **more: str) -> dict[str, str]:
    """This process's environment, pointed at an embedded portal in `data`."""
    dropped = {"DATABASE_URL", "REDIS_URL", "MIGRATION_DATABASE_URL", "ZTPORTAL_TEST_ON"}
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    own = {"ZTPORTAL_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "ztportal.settings", "PYTHONPATH": str(ROOT)}
    return {**kept, **own, **more}


def manage(variables: Mapping[str, str], *words: str, expect: int = 0) -> str:
    """Run a management command, return what it printed, and fail when it ends otherwise than expected."""
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=dict(variables), capture_output=True, text=True, timeout=600)
    assert done.returncode == expect, f"{' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], seconds: float, complaint: str) -> Any:
    """Wait until the condition holds and return it; fail with the complaint when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, complaint
        time.sleep(0.1)
    return found


def answer(url: str, **headers: str) -> tuple[int, bytes]:
    """The status and body of the answer; (0, b"") when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as found:
            return int(found.status), found.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()
    except OSError:
        return 0, b""


def totp_code(secret: str) -> str:
    """The six digits of RFC 6238 for a base32 secret, now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


@dataclass
class Portal:
    """A served portal."""

    data: Path
    port: int = field(default_factory=free_port)
    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its processes."""
        return environment(self.data, ZTPORTAL_ORIGIN=self.origin, ZTPORTAL_LOG_LEVEL="ERROR")

    def manage(self, *words: str, expect: int = 0) -> str:
        """Run one of its commands."""
        return manage(self.variables, *words, expect=expect)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "ztportal.serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.variables, start_new_session=True)
        wait_until(lambda: answer(f"{self.origin}/livez")[0] == 200, START_WITHIN, "the portal did not start")

    def kill(self) -> None:
        """Kill the server and its worker, as a power cut would."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            wait_until(lambda: answer(f"{self.origin}/livez")[0] == 0, 20, "a killed server still answers")

    def wait_for_quiet(self, published: int = 0) -> None:
        """Wait until so many runs are published and none is at work."""
        ended = "SELECT count(*) FROM posture_run WHERE state = 'published'"
        at_work = "SELECT count(*) FROM posture_run WHERE state IN ('queued', 'running', 'publishing')"
        wait_until(lambda: self.number(ended) >= published, 120, "no run was published")
        wait_until(lambda: not self.number(at_work), 120, "a run does not end")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the database beside the server."""
        with contextlib.closing(sqlite3.connect(self.data / "ztportal.sqlite3", timeout=20)) as connection:
            return connection.execute(query, values).fetchall()

    def number(self, query: str, *values: object) -> int:
        """Read one number."""
        return int(self.rows(query, *values)[0][0])


@contextmanager
def served(template: Path, data: Path) -> Iterator[Portal]:
    """Serve a copy of a data folder, and leave no process behind."""
    shutil.copytree(template, data)
    people = data / "people.json"
    portal = Portal(data, people=json.loads(people.read_text()) if people.exists() else {})
    try:
        portal.start()
        yield portal
    finally:
        portal.kill()


def make_empty(data: Path) -> Path:
    """Make the tables of an empty portal."""
    manage(environment(data), "migrate", "--verbosity", "0")
    return data


def make_sample(data: Path) -> Path:
    """Load a short sample organisation, and keep who signs in with what beside it."""
    printed = manage(environment(make_empty(data)), "load_sample", "--weeks", "5")
    found = {label: (email, password) for label, email, password in SIGN_IN.findall(printed)}
    people = {role: found[label] for role, label in LABELS.items()}
    (data / "people.json").write_text(json.dumps(people))
    return data
