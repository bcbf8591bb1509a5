"""An MLflow server's basic-auth app as far as permissions go, old and new, on this machine; the real one is beside it.

What it answers was recorded from MLflow 2.22.5 (rows of users) and 3.17.2 (rows in roles).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LEVELS = ("NO_PERMISSIONS", "READ", "USE", "EDIT", "MANAGE", "DENY")
MODEL = "registered_model"
Answer = tuple[int, Any]


class Target:
    """Keeps rows by (account, model). `always` is a status answered to everything; `calls` is what was changed."""

    def __init__(self, modern: bool) -> None:
        self.modern = modern
        self.accounts = {"portal": True, "ada": False}
        self.models = {"fraud scorer"}
        self.rows: dict[tuple[str, str], str] = {}
        self.roles: list[dict[str, str]] = []
        self.calls: list[str] = []
        self.always = 0
        self.lost = False
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, what: dict[str, Any]) -> Answer:
        """Answer as MLflow does."""
        version, _, name = path.removeprefix("/api/").partition("/mlflow/")
        if name == "registered-models/search":
            return 200, {"registered_models": []}
        if name == "registered-models/get":
            return (200, {"registered_model": what}) if what["name"] in self.models else missing("Registered Model")
        if name == "users/get":
            return self._user(what["username"])
        if self.modern and version == "3.0":
            return self._new(method, name, what)
        if not self.modern and version == "2.0" and name.startswith("registered-models/permissions/"):
            return self._old(name.rsplit("/", 1)[1], (what["username"], what["name"]), what)
        return 404, "<!doctype html><title>404 Not Found</title>"

    def _user(self, account: str) -> Answer:
        if account not in self.accounts:
            return missing(f"User with username={account}")
        user: dict[str, Any] = {"id": 2, "username": account, "is_admin": self.accounts[account]}
        if not self.modern:
            rows = [{"name": model, "permission": row, "user_id": 2} for (who, model), row in self.rows.items()
                    if who == account]  # fmt: skip
            user |= {"registered_model_permissions": rows, "experiment_permissions": []}
        return 200, {"user": user}

    def _old(self, verb: str, place: tuple[str, str], what: dict[str, Any]) -> Answer:
        if place[0] not in self.accounts:
            return missing(f"User with username={place[0]}")
        if (verb == "create") == (place in self.rows):
            return (400, {"error_code": "RESOURCE_ALREADY_EXISTS"}) if verb == "create" else missing("Permission")
        return self._change(verb, place, what.get("permission", ""))

    def _change(self, verb: str, place: tuple[str, str], level: str) -> Answer:
        self.calls.append(f"{verb} {level}".strip())
        if verb in ("delete", "revoke"):
            del self.rows[place]
        else:
            assert level in LEVELS
            self.rows[place] = level
        return 200, {}

    def _new(self, method: str, name: str, what: dict[str, Any]) -> Answer:
        if name == "roles/permissions/list":
            return 200, {"role_permissions": [
                {"id": number, "role_id": 2, "resource_type": MODEL, "resource_pattern": model, "permission": row}
                for number, ((_, model), row) in enumerate(self.rows.items(), 7)
            ]}  # fmt: skip
        if name == "roles/permissions/update":
            return self._change("update", list(self.rows)[what["role_permission_id"] - 7], what["permission"])
        if what["username"] not in self.accounts:
            return missing(f"User with username={what['username']}")
        if name == "users/permissions/list":
            return 200, {"is_admin": self.accounts[what["username"]], "permissions": self._rows(what["username"])}
        place, verb = (what["username"], what["resource_id"]), name.rsplit("/", 1)[1]
        if (verb == "grant") == (place in self.rows):
            return (400, {"error_code": "RESOURCE_ALREADY_EXISTS"}) if verb == "grant" else missing("Permission")
        return self._change(verb, place, what.get("permission", ""))

    def _rows(self, account: str) -> list[dict[str, Any]]:
        own = [
            {"permission": row, "resource_pattern": model, "resource_type": MODEL, "role_id": 2,
             "role_name": "__user_2__", "workspace": "default"}
            for (who, model), row in self.rows.items() if who == account
        ]  # fmt: skip
        return own + [{"resource_type": MODEL, "role_id": 9, "workspace": "default", **role} for role in self.roles]


def missing(what: str) -> Answer:
    """Return MLflow's answer for what is not there."""
    return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"{what} not found"}


class _Handler(BaseHTTPRequestHandler):
    target: Target

    def log_message(self, *args: object) -> None:
        """Keep quiet."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        what: dict[str, Any] = dict(parse_qsl(parts.query)) if self.command == "GET" else json.loads(content)
        before = len(self.target.calls)
        status, body = (self.target.always, "") if self.target.always else (
            self.target.answer(self.command, parts.path, what)
        )  # fmt: skip
        if self.target.lost and len(self.target.calls) > before:
            return
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what some tests are about."""


@contextmanager
def running(modern: bool) -> Iterator[Target]:
    """Serve a target for the block."""
    target = Target(modern)
    server = _Server(("127.0.0.1", 0), type("_Bound", (_Handler,), {"target": target}))
    target.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=30)
