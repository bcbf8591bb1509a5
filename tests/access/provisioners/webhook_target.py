"""A target of signed webhooks on this machine: it checks what it is sent, keeps access, and misbehaves when told to."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a signing secret that nobody guesses"


class Target:
    """Keeps levels by (account, resource) and what it saw; `faults` are used up one message each.

    lie: says done and does nothing. lost: does it, then hangs up. hang: never answers. drip: a byte now and then.
    500, 404, 302: that status. garbage, huge, other, stale: a bad answer to a question.
    """

    def __init__(self) -> None:
        self.access: dict[tuple[str, str], dict[str, str]] = {}
        self.seen: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, str] = {}
        self.bad_signatures = 0
        self.faults: list[str] = []
        self.always = ""
        self.sessions = 0
        self.released = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        """Where messages go."""
        return f"http://127.0.0.1:{self.port}/access"

    def shown(self, account: str, resource: str) -> set[str]:
        """Return the levels that the account has."""
        return set(self.access.get((account, resource), {}))

    def fault(self) -> str:
        """Return what goes wrong with this message."""
        return self.faults.pop(0) if self.faults else self.always

    def signed(self, key: str, stamp: str, signature: str, body: bytes) -> bool:
        """Check the signature as a receiver does."""
        raw = hmac.new(SECRET.encode(), f"{key}.{stamp}.".encode() + body, sha256).digest()
        return hmac.compare_digest("v1," + base64.b64encode(raw).decode(), signature)

    def take(self, key: str, body: dict[str, Any]) -> None:
        """Do what a message says, once for its key."""
        if key in self.seen:
            return
        self.seen[key] = body
        if body["type"] == "ping":
            return
        if body["type"] == "operation.run":
            self.runs[body["operation_id"]] = body["payload_digest"]
            return
        held = self.access.setdefault((body["account"], body["resource"]), {})
        if body["type"] == "access.grant":
            held[body["level"]] = body["grant"]
        elif body["type"] == "access.revoke":
            for level in [level for level in held if level not in body["keep"]]:
                del held[level]

    def tell(self, body: dict[str, Any]) -> dict[str, Any]:
        """Answer a question truthfully."""
        told: dict[str, Any] = {"nonce": body["nonce"]}
        if body["type"] == "access.list":
            rows = [(place, level, grant) for place, held in self.access.items() for level, grant in held.items()]
            told["access"] = [
                {"account": place[0], "resource": place[1], "level": level, "grant": grant}
                for place, level, grant in rows
                if grant
            ]
        elif body["type"] == "operation.status":
            done = self.runs.get(body["operation_id"])
            told |= {"operation_id": body["operation_id"], "state": "done" if done else "not_begun"}
            told["payload_digest"] = done
        else:
            told |= {"account": body["account"], "resource": body["resource"], "sessions": self.sessions}
            told["levels"] = sorted(self.shown(body["account"], body["resource"]))
        return told


class _Handler(BaseHTTPRequestHandler):
    target: Target

    def log_message(self, *args: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        key, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        if not self.target.signed(key, stamp, self.headers["webhook-signature"], content):
            self.target.bad_signatures += 1
            return self._answer(401, {})
        body, fault = json.loads(content), self.target.fault()
        if fault in ("hang", "drip"):
            return self._stall(fault)
        if fault.isdigit():
            return self._answer(int(fault), {}, {"location": "http://127.0.0.1:1/"} if fault == "302" else {})
        if not self.path.endswith("/status"):
            return self._take(key, body, fault)
        return self._tell(body, fault)

    def _take(self, key: str, body: dict[str, Any], fault: str) -> None:
        if fault != "lie":
            self.target.take(key, body)
        if fault != "lost":
            self._answer(202, {"state": "done"})

    def _tell(self, body: dict[str, Any], fault: str) -> None:
        told = self.target.tell(body)
        if fault == "other":
            told["account"] = "somebody else"
        if fault == "stale":
            told["nonce"] = "0" * 32
        if fault == "lie":
            told["levels"] = "none"
        raw = {"garbage": b"[[[", "huge": b"[" * 3_000_000}.get(fault)
        self._answer(200, told, raw=raw)

    def _stall(self, fault: str) -> None:
        if fault == "drip":
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
        while not self.target.released.wait(0.05):
            if fault == "drip":
                self.wfile.write(b" ")
                self.wfile.flush()

    def _answer(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> None:
        content = raw if raw is not None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what some tests are about."""


@contextmanager
def running() -> Iterator[Target]:
    """Serve a target for the block."""
    target = Target()
    server = _Server(("127.0.0.1", 0), type("_Bound", (_Handler,), {"target": target}))
    target.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        target.released.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=30)
