"""The HTTP client for outside systems. It takes one target, follows nothing, and gives up on time and size."""

import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpcore
import httpx

from apps.core.outbound.errors import OutboundFailed, OutboundRefused, OutboundTimeout
from apps.core.outbound.route import route_to
from apps.core.outbound.streams import Deadline, VettedNetwork
from apps.core.outbound.target import Target, parse_url

CODINGS = ("", "identity", "gzip")
HOP_HEADERS = frozenset({"content-encoding", "transfer-encoding", "content-length", "connection", "keep-alive"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, seconds for a whole call, and bytes of an answer after decompression."""

    connect: float = 5.0
    total: float = 30.0
    body: int = 5_000_000


class _Transport(httpx.BaseTransport):
    """httpx over a connection pool that reaches vetted addresses only. No proxy, no environment, no retries."""

    def __init__(self, network: VettedNetwork, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=context, network_backend=network, max_connections=4, keepalive_expiry=5.0, retries=0
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; every problem of the network becomes an error of this package."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.read(), extensions=request.extensions
        )
        answer = self._pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), request=request)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class Client:
    """Calls one target: `base_url` is its address, paths are relative to it, and no other host is ever called.

    `authority` is the CA certificates (PEM) that the target's certificate must come from, instead of the public ones.
    `before` runs before each call. Used as a context manager. Methods return a whole `httpx.Response`, or raise
    OutboundRefused, OutboundFailed or OutboundTimeout.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: httpx.Auth | tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
        limits: Limits | None = None,
        authority: str = "",
        before: Callable[[], None] | None = None,
    ) -> None:
        self.target = parse_url(base_url)
        self.limits = limits or Limits()
        self._before = before
        self._deadline = Deadline()
        self._network = VettedNetwork(self._deadline)
        self._client = httpx.Client(
            transport=_Transport(self._network, _context(authority)),
            auth=auth,
            headers={"user-agent": "ztportal", **(headers or {}), "accept-encoding": "gzip"},
            timeout=httpx.Timeout(self.limits.total, connect=self.limits.connect),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.target.origin})"

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET; options as `request`."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """POST; options as `request`."""
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        """PATCH; options as `request`."""
        return self.request("PATCH", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        """PUT; options as `request`."""
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        """DELETE; options as `request`."""
        return self.request("DELETE", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call `path` under the base address; options are those of `httpx.Client.build_request` (json, params, …).

        Any status is an answer, except a redirect, which is refused: it would lead somewhere that nobody vetted.
        """
        if self._before is not None:
            self._before()
        target = self._under_base(path)
        self._deadline.start(self.limits.total)
        self._route(target)
        with _translated(target):
            request = self._client.build_request(method, target.url, **options)
            answer = self._client.send(request, stream=True)
            try:
                return self._whole(answer, request)
            finally:
                answer.close()

    def _under_base(self, path: str) -> Target:
        base = self.target
        root = f"{base.origin}{base.path.rstrip('/')}"
        joined = f"{root}/{path.lstrip('/')}" if path else base.url
        target = parse_url(joined)
        if target.origin != base.origin:
            raise OutboundRefused("This is another system than the connection's.")
        return target

    def _route(self, target: Target) -> None:
        """Resolve once for the life of the client: a later answer of the name server changes nothing."""
        key = (target.host, target.port)
        if key not in self._network.routes:
            self._network.routes[key] = route_to(target, seconds=self.limits.connect)

    def _whole(self, answer: httpx.Response, request: httpx.Request) -> httpx.Response:
        if answer.has_redirect_location:
            raise OutboundRefused(f"{self.target.host} answered with a redirect, which is never followed.")
        content = b"".join(_capped(answer, self.limits.body, self.target.host))
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in HOP_HEADERS]
        return httpx.Response(answer.status_code, headers=headers, content=content, request=request)


def _capped(answer: httpx.Response, most: int, host: str) -> Iterator[bytes]:
    """Yield the body, decompressed in small steps, until it is larger than it may be."""
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding not in CODINGS:
        raise OutboundRefused(f"{host} answered in a coding that was not asked for.")
    unpack = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    size = 0
    for chunk in answer.iter_raw():
        plain = chunk if unpack is None else unpack.decompress(chunk, most - size + 1)
        size += len(plain)
        if size > most:
            raise OutboundRefused(f"The answer of {host} is larger than {most:,} bytes.")
        yield plain
    if unpack is not None and not unpack.eof:
        raise OutboundFailed(f"The answer of {host} breaks off.")


def _context(authority: str) -> ssl.SSLContext:
    if not authority:
        return httpx.create_ssl_context(trust_env=False)
    return ssl.create_default_context(cadata=authority)


@contextmanager
def _translated(target: Target) -> Iterator[None]:
    """Turn what httpx, httpcore and zlib raise into this package's errors, without their texts: those quote answers."""
    try:
        yield
    except (httpx.TimeoutException, httpcore.TimeoutException):
        raise OutboundTimeout(f"{target.host} did not answer in time.") from None
    except (httpx.ConnectError, httpcore.ConnectError) as problem:
        why = "its certificate is not accepted" if "CERTIFICATE" in str(problem).upper() else "no connection"
        raise OutboundFailed(f"{target.host} could not be reached: {why}.") from None
    except (httpx.HTTPError, httpx.InvalidURL, zlib.error, httpcore.NetworkError, httpcore.ProtocolError):
        raise OutboundFailed(f"{target.host} broke off or answered in a way that is not HTTP.") from None
