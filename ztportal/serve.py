"""Serves the embedded default: `python -m ztportal.serve [--host HOST] [--port PORT] [--reload]`."""

import argparse
import os
import socket
import sys

from django.core.servers.basehttp import run
from django.utils import autoreload
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

TARGET = "ztportal.embedded:application"
WEB_THREADS = 8
KILL_AFTER_SECONDS = 20


def main() -> int:
    """Serve until interrupted. Return 0 after a clean end, 1 when the address is taken."""
    parser = argparse.ArgumentParser(prog="ztportal.serve", description="Serve the portal and do its background work.")
    parser.add_argument("--host", default="127.0.0.1", help="address or name to listen on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--reload", action="store_true", help="restart after every change of the code")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ztportal.settings")
    if options.reload:
        autoreload.run_with_reloader(serve_for_development, options.host, options.port)
        return 0
    refusal = taken(options.host, options.port)
    if refusal:
        print(refusal, file=sys.stderr)
        return 1
    serve(options.host, options.port)
    return 0


def serve(host: str, port: int) -> None:
    """Serve with granian: one process for pages and background work, started again if it dies."""
    server = Server(
        target=TARGET,
        address=address_of(host),
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=WEB_THREADS,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER_SECONDS,
        log_level=LogLevels.error,
    )
    server.on_startup(lambda: announce(host, port))
    server.serve()


def serve_for_development(host: str, port: int) -> None:
    """Serve with Django's own development server, under its reloader."""
    from ztportal.embedded import application  # starts threads, so only here, in the process that serves

    announce(host, port)
    run(host, port, application, threading=True)


def announce(host: str, port: int) -> None:
    """Say where the portal is."""
    shown = "localhost" if host in {"127.0.0.1", "::1", "0.0.0.0"} else host  # noqa: S104  (compared, not bound)
    print(f"\n  Open http://{shown}:{port}/   (Ctrl-C stops it)\n", flush=True)


def address_of(host: str) -> str:
    """Return the first address behind a name; the server takes addresses only."""
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])


def taken(host: str, port: int) -> str:
    """Return why nothing can listen there, or an empty text."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            return f"Cannot listen on {host}:{port}: {error.strerror}. Set PORT= to another number."
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
