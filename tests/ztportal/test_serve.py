"""The embedded default in one process: it serves, works in the background, and leaves nothing behind when killed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
START_WITHIN = 60.0
GONE_WITHIN = 20.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the tables of an empty portal; each test works on a copy."""
    folder = tmp_path_factory.mktemp("tables")
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, cwd=ROOT, env=own_environment(folder), check=True, timeout=600)
    return folder


@pytest.fixture
def environment(tables: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a portal of its own."""
    return own_environment(Path(shutil.copytree(tables, tmp_path / "data")))


def own_environment(data: Path) -> dict[str, str]:
    """This process's environment, pointed at an embedded portal in `data`."""
    kept = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    own = {"ZTPORTAL_DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "ztportal.settings", "PYTHONPATH": str(ROOT)}
    return kept | own


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A serving portal."""
    command = [sys.executable, "-m", "ztportal.serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        wait_until(lambda: status(port, "livez") == 200, START_WITHIN, "the portal did not start")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status(port: int, path: str) -> int:
    """The status of the answer, 0 when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
    except OSError:
        return 0


def wait_until(condition: Callable[[], bool], seconds: float, complaint: str) -> None:
    """Wait until the condition holds; fail with the complaint when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.1)


def is_ready(port: int) -> bool:
    """Whether database, log and reconciler are as they must be."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return b'"ready"' in answer.read()


def test_background_work_runs_in_the_serving_process(server: subprocess.Popen[bytes], port: int) -> None:
    wait_until(lambda: is_ready(port), 30.0, "no round of the reconciler was recorded")


def test_killing_the_server_frees_its_port(server: subprocess.Popen[bytes], port: int) -> None:
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    wait_until(lambda: status(port, "livez") == 0, GONE_WITHIN, "a process without a server still answers")


def test_a_request_to_stop_ends_cleanly(server: subprocess.Popen[bytes], port: int) -> None:
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=GONE_WITHIN) == 0
    assert status(port, "livez") == 0


def test_a_taken_port_is_named(environment: dict[str, str]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        taken = str(holder.getsockname()[1])
        command = [sys.executable, "-m", "ztportal.serve", "--port", taken]
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert f"127.0.0.1:{taken}" in result.stderr
