"""A peer on this machine that answers as a test says: well, with lies, slowly, or never; and names that it has."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Handler = Callable[["Peer", socket.socket, bytes], None]


def answer(body: bytes = b"{}", status: str = "200 OK", *headers: str) -> Handler:
    """Answer every request alike."""
    head = "".join(f"{line}\r\n" for line in (f"Content-Length: {len(body)}", *headers))

    def handle(peer: "Peer", stream: socket.socket, request: bytes) -> None:
        stream.sendall(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    return handle


class Peer:
    """Keeps what it was sent (`requests`) and asked for by name over TLS (`names`)."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.stopped = threading.Event()
        self._context = context
        if context is not None:
            context.sni_callback = lambda stream, name, _: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address without TLS."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop listening and let handlers that wait go."""
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                stream, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        try:
            if self._context is not None:
                stream = self._context.wrap_socket(stream, server_side=True)
            with closing(stream):
                while request := _read_request(stream):
                    self.requests.append(request)
                    self.handler(self, stream, request)
        except OSError:
            return


def _read_request(stream: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = stream.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(rest) < sum(lengths):
        rest += stream.recv(65536)
    return head + b"\r\n\r\n" + rest


@contextmanager
def peer(handler: Handler, context: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Run a peer for the block."""
    running = Peer(handler, context)
    try:
        yield running
    finally:
        running.stop()


def names(monkeypatch: pytest.MonkeyPatch, **answers: list[list[str]]) -> list[str]:
    """Answer for names (`target_example` for target.example): one list of addresses per question, the last for good.

    Returns the names asked for, as they come.
    """
    asked: list[str] = []
    genuine = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host.replace(".", "").isdigit():
            return genuine(host, port, *args, **kwargs)
        asked.append(host)
        given = answers.get(host.replace(".", "_"))
        if given is None:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        found = given[0] if len(given) == 1 else given.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr("apps.core.outbound.route.socket.getaddrinfo", getaddrinfo)
    return asked


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """Return a server's context with a certificate for `name` (or an address), and the CA as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    try:
        general: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        general = x509.DNSName(name)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([general]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(pem + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, pem.decode()
