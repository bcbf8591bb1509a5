"""A real MLflow server with its basic-auth app, in an environment of its own; it ends with the block."""

import base64
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

ADMIN, PASSWORD = "portal", "a password of the portal 1"
READY_WITHIN = 240.0
PATIENT = 120.0


class Server:
    """Where it is, and how people call it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, who: str, password: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Call as somebody; return status and answer."""
        token = base64.b64encode(f"{who}:{password}".encode()).decode()
        request = urllib.request.Request(f"{self.url}/{path}", method=method, headers={
            "authorization": f"Basic {token}", "content-type": "application/json",
        }, data=json.dumps(body).encode() if body is not None else None)  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=PATIENT) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as problem:
            return problem.code, problem.read().decode(errors="replace")

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call as the administrator; it has to work."""
        status, answer = self.call(ADMIN, PASSWORD, method, path, body)
        assert status == 200, answer
        return answer


def executable() -> Path:
    """Return the peer's `mlflow`, prepared by `make mlflow-peer`; without it the tests are skipped."""
    folder = os.environ.get("ZTPORTAL_MLFLOW_PEER", "")
    if not folder:
        pytest.skip("ZTPORTAL_MLFLOW_PEER (the folder of `make mlflow-peer`) is not set")
    found = Path(folder).resolve() / "bin" / "mlflow"
    if not found.exists():
        pytest.fail(f"{found} is not there; run make mlflow-peer")
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _environment(folder: Path) -> dict[str, str]:
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\n"
        f"database_uri = sqlite:///{folder}/auth.db\nadmin_username = {ADMIN}\nadmin_password = {PASSWORD}\n"
        # A password is checked slowly on purpose; once for each is enough here.
        "auth_cache_ttl_seconds = 3600\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this run", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
        # Without this it leaves processes behind.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }  # fmt: skip


def _is_ready(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=PATIENT) as answer:
        return bool(answer.status == 200)
    return False


def _await(process: "subprocess.Popen[bytes]", url: str, log: Path) -> bool:
    """Wait until it answers; return False when it ended, for example because its port was taken meanwhile."""
    limit = time.monotonic() + READY_WITHIN
    while time.monotonic() < limit:
        if process.poll() is not None:
            return False
        if _is_ready(url):
            return True
        time.sleep(0.5)
    raise AssertionError(f"MLflow did not answer:\n{log.read_text(errors='replace')[-3000:]}")


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start the server in a folder of its own; three ports are tried."""
    program, environment, log = executable(), _environment(folder), folder / "server.log"
    for _ in range(3):
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        words = [str(program), "server", "--app-name", "basic-auth", "--host", "127.0.0.1", "--port", str(port),
                 "--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/store.db",
                 "--default-artifact-root", str(folder / "artifacts")]  # fmt: skip
        with log.open("ab") as out:
            process = subprocess.Popen(
                words, env=environment, cwd=folder, stdout=out, stderr=out, start_new_session=True
            )
        try:
            if _await(process, url, log):
                yield Server(url)
                return
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)
    raise AssertionError(f"MLflow did not start:\n{log.read_text(errors='replace')[-3000:]}")
