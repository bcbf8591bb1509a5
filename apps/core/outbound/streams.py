"""The network under the client: connects to vetted addresses only, and no single read outlives the whole call."""

import os
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from apps.core.outbound.errors import OutboundRefused
from apps.core.outbound.route import Route


class Deadline:
    """The end of the call on the wall clock: a target that drips one byte a second never runs into a read timeout."""

    def __init__(self) -> None:
        self._end = 0.0

    def start(self, seconds: float) -> None:
        """Begin a call that may take so long."""
        self._end = time.monotonic() + seconds

    def left(self, at_most: float | None) -> float:
        """Return the seconds left; raises httpcore.ReadTimeout when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole call took too long")
        return left if at_most is None else min(left, at_most)


class _Stream(httpcore.NetworkStream):
    """A stream whose every operation ends with the call."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class VettedNetwork(httpcore.NetworkBackend):
    """Connects a host and port to the addresses vetted for exactly them, and to nothing else.

    The connection keeps the name for the Host header, SNI and the certificate: only the TCP peer is fixed here.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.routes: dict[tuple[str, int], Route] = {}
        self._deadline = deadline
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        route = self.routes.get((host.strip("[]"), port))
        if route is None:
            raise OutboundRefused(f"{host} was not vetted.")
        failed: Exception = httpcore.ConnectError("no address")
        for address in route.addresses:
            try:
                stream = self._network.connect_tcp(
                    address, port, self._deadline.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failed = problem
                continue
            return _Stream(stream, self._deadline)
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise OutboundRefused("A local socket is no outside system.")


def shut(descriptor: int) -> None:
    """Break a connection that another library waits on: its read ends at once. The descriptor stays its owner's."""
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        copy.shutdown(socket.SHUT_RDWR)
